import { deepseekV3 } from '../deepseek-v3.ts';
import { defineModel } from '../define-model.ts';

/** DeepSeek V3 with more experts and fewer heads, by a name of its own. */
export default defineModel({ modelType: 'kimi_k2', ...deepseekV3 });
