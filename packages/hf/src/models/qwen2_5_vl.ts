import { defineModel } from '../define-model.ts';
import { qwen2Vl } from '../qwen2-vl.ts';

/** The language model of Qwen 2.5 VL: that of Qwen 2 with positions of three axes. Its vision tower is left out. */
export default defineModel({ modelType: 'qwen2_5_vl', ...qwen2Vl });
