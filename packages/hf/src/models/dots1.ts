import { ffnSpec, moeSpec } from '@tttv2/spec';
import { z } from 'zod';
import { activationNames } from '../activation-names.ts';
import { layerCount, oneOf, only, positive, positiveInt } from '../config-values.ts';
import { biasedRouter } from '../deepseek-like.ts';
import { defineModel } from '../define-model.ts';
import { checkTopK, expertWeights } from '../experts.ts';
import { checkHeads, headsOf } from '../heads.ts';
import { checkWindows, layerWindows, windowKeys } from '../layer-windows.ts';
import { llamaLikeSpec } from '../llama-like.ts';
import { qwen3Attention, qwen3Weights } from '../qwen3-like.ts';
import { ropeKeys, ropeOf } from '../rope-config.ts';

/** Defaults: `Dots1Config` of transformers 5.24, which has none for the numbers of experts. */
const config = z
  .object({
    vocab_size: positiveInt.default(152064),
    hidden_size: positiveInt.default(4608),
    intermediate_size: positiveInt.default(10944),
    moe_intermediate_size: positiveInt.default(1408),
    num_hidden_layers: layerCount.default(62),
    num_attention_heads: positiveInt.default(32),
    num_key_value_heads: positiveInt.nullable().default(32),
    head_dim: positiveInt.nullish(),
    hidden_act: oneOf(activationNames).default('silu'),
    max_position_embeddings: positiveInt.default(2048),
    rms_norm_eps: positive.default(1e-6),
    tie_word_embeddings: z.boolean().default(false),
    attention_bias: z.boolean().default(false),
    n_shared_experts: positiveInt,
    n_routed_experts: positiveInt,
    num_experts_per_tok: positiveInt,
    n_group: positiveInt.default(1),
    topk_group: positiveInt.default(1),
    first_k_dense_replace: z.number().int().nonnegative().default(0),
    norm_topk_prob: z.boolean().default(false),
    routed_scaling_factor: positive.default(1),
    max_window_layers: z.number().int().nonnegative().default(62),
    moe_layer_freq: only(1),
    scoring_func: only('sigmoid'),
    topk_method: only('noaux_tc'),
    ...windowKeys,
    sliding_window: positiveInt.nullable().default(4096),
    ...ropeKeys,
  })
  .superRefine((found, context) => {
    checkHeads(found, context);
    checkWindows(found, context);
    checkTopK(found, ['num_experts_per_tok', 'n_routed_experts'], context);
  });

const inLayer = 'model.layers.{i}';

/** Qwen 3's attention; from a layer on, DeepSeek V3's experts. */
export default defineModel({
  modelType: 'dots1',
  config,
  otherNames: { num_local_experts: 'n_routed_experts' },
  toSpec(config) {
    const { hidden_size: hiddenDim, hidden_act: activation, moe_intermediate_size: intermediateDim } = config;
    const windows = layerWindows(config, (layer) => layer >= config.max_window_layers);
    const attention = qwen3Attention(config);
    const experts = moeSpec({
      hiddenDim,
      numExperts: config.n_routed_experts,
      topK: config.num_experts_per_tok,
      intermediateDim,
      activation,
      router: biasedRouter(config),
      shared: { ffn: ffnSpec({ hiddenDim, intermediateDim: intermediateDim * config.n_shared_experts, activation }) },
    });
    return llamaLikeSpec(
      config,
      ropeOf(config, headsOf(config).headDim),
      (layer) => ({ ...attention, slidingWindowSize: windows[layer] ?? null }),
      (layer) => (layer < config.first_k_dense_replace ? undefined : experts),
    );
  },
  ignoredKeys: {
    ep_size: 'splits the same computation',
    output_router_logits: 'an output of training',
    pretraining_tp: 'splits matrices to repeat the rounding of training; the numbers it stands for are the same',
  },
  weights: {
    ...qwen3Weights,
    'layers.{i}.ffn.router': `${inLayer}.mlp.gate`,
    'layers.{i}.ffn.router.selectionBias': { tensor: `${inLayer}.mlp.gate.e_score_correction_bias` },
    'layers.{i}.ffn.shared.gate': `${inLayer}.mlp.shared_experts.gate_proj`,
    'layers.{i}.ffn.shared.up': `${inLayer}.mlp.shared_experts.up_proj`,
    'layers.{i}.ffn.shared.down': `${inLayer}.mlp.shared_experts.down_proj`,
    ...expertWeights(`${inLayer}.mlp.experts`),
  },
  ignoredTensors: {},
});
