import { moeSpec } from '@tttv2/spec';
import { z } from 'zod';
import { layerCount, only, positive, positiveInt } from '../config-values.ts';
import { defineModel } from '../define-model.ts';
import { checkTopK } from '../experts.ts';
import { checkHeads, headsOf } from '../heads.ts';
import { checkWindows, layerWindows, windowKeys } from '../layer-windows.ts';
import { llamaLikeAttentionWeights, llamaLikeSpec } from '../llama-like.ts';
import { ropeKeys, ropeOf } from '../rope-config.ts';
import type { WeightNames } from '../weight-names.ts';

const yarn = {
  rope_type: 'yarn',
  factor: 32,
  beta_fast: 32,
  beta_slow: 1,
  truncate: false,
  original_max_position_embeddings: 4096,
} as const;

/** Defaults: `GptOssConfig` of transformers 5.24. */
const config = z
  .object({
    vocab_size: positiveInt.default(201088),
    hidden_size: positiveInt.default(2880),
    intermediate_size: positiveInt.default(2880),
    num_hidden_layers: layerCount.default(36),
    num_attention_heads: positiveInt.default(64),
    num_key_value_heads: positiveInt.nullable().default(8),
    head_dim: positiveInt.nullable().default(64),
    max_position_embeddings: positiveInt.default(131072),
    rms_norm_eps: positive.default(1e-5),
    tie_word_embeddings: z.boolean().default(false),
    attention_bias: z.boolean().default(true),
    num_local_experts: positiveInt.default(128),
    num_experts_per_tok: positiveInt.default(4),
    /** That of `quick_gelu`. */
    swiglu_alpha: only(1.702),
    swiglu_limit: positive.default(7),
    ...windowKeys,
    sliding_window: positiveInt.nullable().default(128),
    ...ropeKeys,
  })
  .superRefine((found, context) => {
    checkHeads(found, context);
    checkWindows(found, context);
    checkTopK(found, ['num_experts_per_tok', 'num_local_experts'], context);
  });

const inLayer = 'model.layers.{i}';
const experts = 'layers.{i}.ffn.experts';

/** Rows of gate and up take turns; matrices are packed as `[out, in]`, and lie as `[in, out]` where they are not. */
function gateUp(tensor: string, parameter: 'weight' | 'bias', isTransposed = false) {
  const part = { of: [`${experts}.gate.${parameter}`, `${experts}.up.${parameter}`], by: 'row' } as const;
  return { tensor: `${inLayer}.mlp.experts.${tensor}`, isTransposed, part };
}

const gateUpWeight = [gateUp('gate_up_proj_blocks', 'weight'), gateUp('gate_up_proj', 'weight', true)];
const weights: WeightNames = {
  ...llamaLikeAttentionWeights,
  'layers.{i}.mixer.sinks': { tensor: `${inLayer}.self_attn.sinks` },
  'layers.{i}.ffn.router': `${inLayer}.mlp.router`,
  [`${experts}.gate.weight`]: gateUpWeight,
  [`${experts}.up.weight`]: gateUpWeight,
  [`${experts}.down.weight`]: [
    { tensor: `${inLayer}.mlp.experts.down_proj_blocks` },
    { tensor: `${inLayer}.mlp.experts.down_proj`, isTransposed: true },
  ],
  [`${experts}.gate.bias`]: gateUp('gate_up_proj_bias', 'bias'),
  [`${experts}.up.bias`]: gateUp('gate_up_proj_bias', 'bias'),
  [`${experts}.down.bias`]: { tensor: `${inLayer}.mlp.experts.down_proj_bias` },
};

/** Sinks beside the scores, every second layer with a window; experts with biases whose inner values are bounded. */
export default defineModel({
  modelType: 'gpt_oss',
  config,
  otherNames: { num_experts: 'num_local_experts' },
  toSpec(config) {
    const { attention_bias: useBias } = config;
    const windows = layerWindows(config, (layer) => layer % 2 === 0);
    const hasRope = (config.rope_scaling ?? config.rope_parameters ?? null) !== null;
    const rope = ropeOf(hasRope ? config : { ...config, rope_parameters: yarn }, headsOf(config).headDim, 150_000);
    const network = moeSpec({
      hiddenDim: config.hidden_size,
      numExperts: config.num_local_experts,
      topK: config.num_experts_per_tok,
      intermediateDim: config.intermediate_size,
      activation: 'quick_gelu',
      useBias: true,
      innerLimit: config.swiglu_limit,
      upOffset: 1,
      router: { order: 'topk_then_score', normalize: false, useBias: true },
    });
    return llamaLikeSpec(
      { ...config, hidden_act: 'quick_gelu' },
      rope,
      (layer) => ({
        useBiasQ: useBias,
        useBiasKv: useBias,
        useBiasO: useBias,
        useSinks: true,
        slidingWindowSize: windows[layer] ?? null,
      }),
      () => network,
    );
  },
  ignoredKeys: {
    experts_per_token: 'nobody reads it: num_experts_per_tok says it',
    hidden_act: 'nobody reads it: experts have an activation of their own',
    initial_context_length: 'nobody reads it: the rotary keys say it',
    output_router_logits: 'an output of training',
    router_aux_loss_coef: 'a loss of training',
  },
  weights,
  ignoredTensors: {},
});
