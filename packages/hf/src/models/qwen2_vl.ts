import { defineModel } from '../define-model.ts';
import { qwen2Vl } from '../qwen2-vl.ts';

/** The language model of Qwen 2 VL, which is that of Qwen 2.5 VL. Its vision tower is left out. */
export default defineModel({ modelType: 'qwen2_vl', ...qwen2Vl });
