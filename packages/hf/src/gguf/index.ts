// Written by scripts/families.mjs from the files of this folder.
import type { GgufFamily } from '../define-gguf-model.ts';
import gemma3 from './gemma3.ts';
import gpt2 from './gpt2.ts';
import llama from './llama.ts';
import qwen2 from './qwen2.ts';
import qwen3 from './qwen3.ts';

export const ggufModels: readonly GgufFamily[] = [gemma3, gpt2, llama, qwen2, qwen3];
