import { deepseekV3 } from '../deepseek-v3.ts';
import { defineModel } from '../define-model.ts';

/** Latent attention; experts that are chosen by groups, beside one that all tokens share. */
export default defineModel({ modelType: 'deepseek_v3', ...deepseekV3 });
