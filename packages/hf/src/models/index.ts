// Written by scripts/families.mjs from the files of this folder.
import type { ModelFamily } from '../define-model.ts';
import arcee from './arcee.ts';
import bloom from './bloom.ts';
import cohere from './cohere.ts';
import cohere2 from './cohere2.ts';
import deepseek_v2 from './deepseek_v2.ts';
import deepseek_v3 from './deepseek_v3.ts';
import deepseek_v32 from './deepseek_v32.ts';
import dots1 from './dots1.ts';
import ernie4_5 from './ernie4_5.ts';
import exaone4 from './exaone4.ts';
import falcon from './falcon.ts';
import gemma from './gemma.ts';
import gemma2 from './gemma2.ts';
import gemma3_text from './gemma3_text.ts';
import gemma4 from './gemma4.ts';
import glm from './glm.ts';
import glm_moe_dsa from './glm_moe_dsa.ts';
import glm4 from './glm4.ts';
import glm4_moe from './glm4_moe.ts';
import gpt_neox from './gpt_neox.ts';
import gpt_oss from './gpt_oss.ts';
import gpt2 from './gpt2.ts';
import granite from './granite.ts';
import granitemoe from './granitemoe.ts';
import helium from './helium.ts';
import kimi_k2 from './kimi_k2.ts';
import llama from './llama.ts';
import llama4 from './llama4.ts';
import mamba2 from './mamba2.ts';
import mimo from './mimo.ts';
import minimax_m2 from './minimax_m2.ts';
import mistral from './mistral.ts';
import mixtral from './mixtral.ts';
import mpt from './mpt.ts';
import nemotron from './nemotron.ts';
import nemotron_h from './nemotron_h.ts';
import olmo from './olmo.ts';
import olmo2 from './olmo2.ts';
import olmo3 from './olmo3.ts';
import olmoe from './olmoe.ts';
import phi from './phi.ts';
import phi3 from './phi3.ts';
import qwen2 from './qwen2.ts';
import qwen2_5_vl from './qwen2_5_vl.ts';
import qwen2_moe from './qwen2_moe.ts';
import qwen2_vl from './qwen2_vl.ts';
import qwen3 from './qwen3.ts';
import qwen3_5 from './qwen3_5.ts';
import qwen3_5_moe from './qwen3_5_moe.ts';
import qwen3_moe from './qwen3_moe.ts';
import qwen3_next from './qwen3_next.ts';
import qwen3_vl from './qwen3_vl.ts';
import qwen3_vl_moe from './qwen3_vl_moe.ts';
import seed_oss from './seed_oss.ts';
import smollm3 from './smollm3.ts';
import stablelm from './stablelm.ts';
import starcoder2 from './starcoder2.ts';
import step3p7 from './step3p7.ts';

export const models: readonly ModelFamily[] = [
  arcee,
  bloom,
  cohere,
  cohere2,
  deepseek_v2,
  deepseek_v3,
  deepseek_v32,
  dots1,
  ernie4_5,
  exaone4,
  falcon,
  gemma,
  gemma2,
  gemma3_text,
  gemma4,
  glm,
  glm_moe_dsa,
  glm4,
  glm4_moe,
  gpt_neox,
  gpt_oss,
  gpt2,
  granite,
  granitemoe,
  helium,
  kimi_k2,
  llama,
  llama4,
  mamba2,
  mimo,
  minimax_m2,
  mistral,
  mixtral,
  mpt,
  nemotron,
  nemotron_h,
  olmo,
  olmo2,
  olmo3,
  olmoe,
  phi,
  phi3,
  qwen2,
  qwen2_5_vl,
  qwen2_moe,
  qwen2_vl,
  qwen3,
  qwen3_5,
  qwen3_5_moe,
  qwen3_moe,
  qwen3_next,
  qwen3_vl,
  qwen3_vl_moe,
  seed_oss,
  smollm3,
  stablelm,
  starcoder2,
  step3p7,
];
