// Written by scripts/families.mjs from the files of this folder.
import type { GgufFamily } from '../define-gguf-model.ts';
import llama from './llama.ts';

export const ggufModels: readonly GgufFamily[] = [llama];
