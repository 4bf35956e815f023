import { z } from 'zod';
import { activationNames } from '../activation-names.ts';
import { layerCount, oneOf, only, positive, positiveInt } from '../config-values.ts';
import { defineModel } from '../define-model.ts';
import { checkTopK } from '../experts.ts';
import { checkHeads, headsOf } from '../heads.ts';
import { inLanguageModel } from '../in-language-model.ts';
import { noWindowKeys } from '../layer-windows.ts';
import { llamaLikeSpec } from '../llama-like.ts';
import { checkSections, mropeKeys, mropeOf } from '../mrope-config.ts';
import { qwen3Attention, qwen3Experts, qwen3Weights } from '../qwen3-like.ts';
import { visionKeys } from '../vision-keys.ts';
import type { WeightLayout } from '../weight-names.ts';

/** Defaults: `Qwen3VLMoeTextConfig` of transformers 5.24. */
const config = z
  .object({
    vocab_size: positiveInt.default(151936),
    hidden_size: positiveInt.default(2048),
    intermediate_size: positiveInt.default(5632),
    num_hidden_layers: layerCount.default(24),
    num_attention_heads: positiveInt.default(16),
    num_key_value_heads: positiveInt.nullable().default(16),
    head_dim: positiveInt.nullish(),
    hidden_act: oneOf(activationNames).default('silu'),
    max_position_embeddings: positiveInt.default(128000),
    rms_norm_eps: positive.default(1e-6),
    tie_word_embeddings: z.boolean().default(false),
    attention_bias: z.boolean().default(false),
    decoder_sparse_step: positiveInt.default(1),
    mlp_only_layers: z.array(z.number().int().nonnegative()).nullish(),
    moe_intermediate_size: positiveInt.default(1408),
    num_experts_per_tok: positiveInt.default(4),
    num_local_experts: positiveInt.default(60),
    /** The class does so in any case. */
    norm_topk_prob: only(true),
    ...noWindowKeys,
    ...mropeKeys,
  })
  .superRefine((found, context) => {
    checkHeads(found, context);
    checkSections(found, headsOf(found).headDim, context);
    checkTopK(found, ['num_experts_per_tok', 'num_local_experts'], context);
  });

const [experts, theirs] = ['layers.{i}.ffn.experts', 'model.layers.{i}.mlp.experts'];
const gateUp = { tensor: `${theirs}.gate_up_proj`, part: { of: [`${experts}.gate.weight`, `${experts}.up.weight`] } };
const down = { tensor: `${theirs}.down_proj` };

/** Matrices as `[in, out]` on the hub, and as transformers 5 holds them. */
function eitherWay(place: WeightLayout): WeightLayout[] {
  return [{ ...place, isTransposed: true }, place];
}

/** The language model of Qwen 3 VL with experts. Its vision tower is left out. */
export default defineModel({
  modelType: 'qwen3_vl_moe',
  config,
  nestsText: 'tied_as_whole',
  otherNames: { num_experts: 'num_local_experts' },
  toSpec(config) {
    const defaults: Parameters<typeof mropeOf>[2] = { theta: 500_000, sections: [24, 20, 20], isInterleaved: true };
    const attention = qwen3Attention(config);
    const rope = mropeOf(config, headsOf(config).headDim, defaults);
    return llamaLikeSpec(config, rope, () => attention, qwen3Experts(config, { normalize: true }));
  },
  ignoredKeys: {
    ...visionKeys,
    output_router_logits: 'an output of training',
    router_aux_loss_coef: 'a loss of training',
  },
  weights: inLanguageModel({
    ...qwen3Weights,
    'layers.{i}.ffn.router': 'model.layers.{i}.mlp.gate',
    [`${experts}.gate.weight`]: eitherWay(gateUp),
    [`${experts}.up.weight`]: eitherWay(gateUp),
    [`${experts}.down.weight`]: eitherWay(down),
  }),
  ignoredTensors: { 'model.visual.*': 'vision tower' },
});
