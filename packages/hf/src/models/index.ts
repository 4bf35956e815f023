// Written by scripts/families.mjs from the files of this folder.
import type { ModelFamily } from '../define-model.ts';
import llama from './llama.ts';

export const models: readonly ModelFamily[] = [llama];
