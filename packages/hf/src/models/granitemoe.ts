import { attentionSpec, layerSpec, modelSpec, moeSpec } from '@tttv2/spec';
import { z } from 'zod';
import { activationNames } from '../activation-names.ts';
import { layerCount, oneOf, positive, positiveInt } from '../config-values.ts';
import { defineModel } from '../define-model.ts';
import { checkTopK } from '../experts.ts';
import { checkHeads, headsOf } from '../heads.ts';
import { noWindowKeys } from '../layer-windows.ts';
import { llamaLikeAttentionWeights, llamaOptions } from '../llama-like.ts';
import { ropeKeys, ropeOf } from '../rope-config.ts';

/** Defaults: `GraniteMoeConfig` of transformers 5.24. */
const config = z
  .object({
    vocab_size: positiveInt.default(32000),
    hidden_size: positiveInt.default(4096),
    intermediate_size: positiveInt.default(11008),
    num_hidden_layers: layerCount.default(32),
    num_attention_heads: positiveInt.default(32),
    num_key_value_heads: positiveInt.nullish(),
    head_dim: positiveInt.nullish(),
    hidden_act: oneOf(activationNames).default('silu'),
    max_position_embeddings: positiveInt.default(2048),
    rms_norm_eps: positive.default(1e-6),
    tie_word_embeddings: z.boolean().default(false),
    attention_bias: z.boolean().default(false),
    embedding_multiplier: positive.default(1),
    /** Scales the scores of attention, instead of one by the root of the head dimension. */
    attention_multiplier: positive.default(1),
    residual_multiplier: positive.default(1),
    /** Divides the logits. */
    logits_scaling: positive.default(1),
    num_local_experts: positiveInt.default(8),
    num_experts_per_tok: positiveInt.default(2),
    ...noWindowKeys,
    ...ropeKeys,
  })
  .superRefine((found, context) => {
    checkHeads(found, context);
    checkTopK(found, ['num_experts_per_tok', 'num_local_experts'], context);
  });

const [experts, theirs] = ['layers.{i}.ffn.experts', 'model.layers.{i}.block_sparse_moe'];
const part = { of: [`${experts}.gate.weight`, `${experts}.up.weight`] };
const gateUp = [`${theirs}.input_linear.weight`, `${theirs}.experts.gate_up_proj`].map((tensor) => ({ tensor, part }));

/** Granite with experts in every layer. */
export default defineModel({
  modelType: 'granitemoe',
  config,
  toSpec(config) {
    const rope = ropeOf(config, headsOf(config).headDim);
    const options = llamaOptions({ ...config, mlp_bias: false }, rope);
    const layer = layerSpec({
      ...options,
      attention: attentionSpec({ ...options, scale: config.attention_multiplier }),
      ffn: moeSpec({
        hiddenDim: config.hidden_size,
        numExperts: config.num_local_experts,
        topK: config.num_experts_per_tok,
        intermediateDim: config.intermediate_size,
        activation: config.hidden_act,
        router: { order: 'topk_then_score', normalize: false },
      }),
      residualScale: config.residual_multiplier,
    });
    return modelSpec({
      ...options,
      layers: Array.from({ length: config.num_hidden_layers }, () => layer),
      embeddingScale: config.embedding_multiplier,
      logitScale: 1 / config.logits_scaling,
    });
  },
  ignoredKeys: {
    output_router_logits: 'an output of training',
    router_aux_loss_coef: 'a loss of training',
  },
  weights: {
    ...llamaLikeAttentionWeights,
    'layers.{i}.ffn.router': [`${theirs}.router.layer`, `${theirs}.router`],
    [`${experts}.gate.weight`]: gateUp,
    [`${experts}.up.weight`]: gateUp,
    [`${experts}.down.weight`]: [
      { tensor: `${theirs}.output_linear.weight` },
      { tensor: `${theirs}.experts.down_proj` },
    ],
  },
  ignoredTensors: {},
});
