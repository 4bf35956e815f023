import { attentionSpec, layerSpec, modelSpec, moeSpec, type NormSpec } from '@tttv2/spec';
import { z } from 'zod';
import { activationNames } from '../activation-names.ts';
import { layerCount, oneOf, only, positive, positiveInt } from '../config-values.ts';
import { defineModel } from '../define-model.ts';
import { checkTopK, expertWeights } from '../experts.ts';
import { checkHeads, headsOf } from '../heads.ts';
import { noWindowKeys } from '../layer-windows.ts';
import { llamaLikeAttentionWeights, llamaOptions } from '../llama-like.ts';
import { ropeKeys, ropeOf } from '../rope-config.ts';

/** Defaults: `OlmoeConfig` of transformers 5.24. */
const config = z
  .object({
    vocab_size: positiveInt.default(50304),
    hidden_size: positiveInt.default(2048),
    intermediate_size: positiveInt.default(2048),
    num_hidden_layers: layerCount.default(16),
    num_attention_heads: positiveInt.default(16),
    num_key_value_heads: positiveInt.nullish(),
    hidden_act: oneOf(activationNames).default('silu'),
    max_position_embeddings: positiveInt.default(4096),
    rms_norm_eps: positive.default(1e-5),
    tie_word_embeddings: z.boolean().default(false),
    attention_bias: z.boolean().default(false),
    /** Bounds after norms, where other families have them before. */
    clip_qkv: only(null),
    num_experts: positiveInt.default(64),
    num_experts_per_tok: positiveInt.default(8),
    norm_topk_prob: z.boolean().default(false),
    ...noWindowKeys,
    ...ropeKeys,
  })
  .superRefine((found, context) => {
    checkHeads(found, context);
    checkTopK(found, ['num_experts_per_tok', 'num_experts'], context);
  });

const inLayer = 'model.layers.{i}';

/** Llama's structure with norms over all heads of q and k at once, and experts in every layer. */
export default defineModel({
  modelType: 'olmoe',
  config,
  otherNames: { num_local_experts: 'num_experts' },
  toSpec(config) {
    const norm: NormSpec = { normType: 'rms_norm', normEps: config.rms_norm_eps, useBias: false, weight: 'plain' };
    const options = llamaOptions({ ...config, mlp_bias: false }, ropeOf(config, headsOf(config).headDim));
    const layer = layerSpec({
      ...options,
      attention: attentionSpec({ ...options, qkNorm: { norm, scope: 'full_width' } }),
      ffn: moeSpec({
        hiddenDim: config.hidden_size,
        numExperts: config.num_experts,
        topK: config.num_experts_per_tok,
        intermediateDim: config.intermediate_size,
        activation: config.hidden_act,
        router: { normalize: config.norm_topk_prob },
      }),
    });
    return modelSpec({ ...options, layers: Array.from({ length: config.num_hidden_layers }, () => layer) });
  },
  ignoredKeys: {
    output_router_logits: 'an output of training',
    router_aux_loss_coef: 'a loss of training',
  },
  weights: {
    ...llamaLikeAttentionWeights,
    'layers.{i}.mixer.q.norm': `${inLayer}.self_attn.q_norm`,
    'layers.{i}.mixer.k.norm': `${inLayer}.self_attn.k_norm`,
    'layers.{i}.ffn.router': `${inLayer}.mlp.gate`,
    ...expertWeights(`${inLayer}.mlp.experts`),
  },
  ignoredTensors: {},
});
