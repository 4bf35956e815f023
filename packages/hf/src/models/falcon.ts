import { alibiSlopes, type NormSpec, uniformModelSpec } from '@tttv2/spec';
import { z } from 'zod';
import { activationNames } from '../activation-names.ts';
import { layerCount, oneOf, positive, positiveInt } from '../config-values.ts';
import { defineModel } from '../define-model.ts';
import { checkHeads, type Heads, headsOf } from '../heads.ts';
import { noWindowKeys } from '../layer-windows.ts';
import { ropeKeys, ropeOf } from '../rope-config.ts';
import { fusedWeights } from '../weight-names.ts';

/** Defaults: `FalconConfig` of transformers 5.24. */
const config = z
  .object({
    vocab_size: positiveInt.default(65024),
    hidden_size: positiveInt.default(4544),
    num_hidden_layers: layerCount.default(32),
    num_attention_heads: positiveInt.default(71),
    num_kv_heads: positiveInt.nullish(),
    ffn_hidden_size: positiveInt.nullish(),
    activation: oneOf(activationNames).default('gelu'),
    max_position_embeddings: positiveInt.default(2048),
    layer_norm_epsilon: positive.default(1e-5),
    tie_word_embeddings: z.boolean().default(true),
    bias: z.boolean().default(false),
    alibi: z.boolean().default(false),
    multi_query: z.boolean().default(true),
    parallel_attn: z.boolean().default(true),
    /** Groups of heads share keys and values, and both sublayers may have a norm. */
    new_decoder_architecture: z.boolean().default(false),
    num_ln_in_parallel_attn: z.union([z.literal(1), z.literal(2)]).nullish(),
    ...noWindowKeys,
    ...ropeKeys,
  })
  .superRefine((found, context) => {
    checkHeads(found, context);
    if (found.new_decoder_architecture && !found.parallel_attn)
      context.addIssue({
        code: 'custom',
        path: ['parallel_attn'],
        message: 'must be true with new_decoder_architecture',
      });
  });
type Config = z.infer<typeof config>;

function falconHeads(config: Config): Heads {
  const heads = headsOf(config);
  if (config.new_decoder_architecture) return { ...heads, numKvHeads: config.num_kv_heads ?? heads.numHeads };
  return { ...heads, numKvHeads: config.multi_query ? 1 : heads.numHeads };
}

function normsOf(config: Config) {
  const normEps = config.layer_norm_epsilon;
  const norm: NormSpec = { normType: 'layer_norm', normEps, useBias: true, weight: 'plain' };
  const hasTwo = config.new_decoder_architecture && config.num_ln_in_parallel_attn !== 1;
  return { preMixer: norm, postMixer: null, preFfn: config.parallel_attn && !hasTwo ? null : norm, postFfn: null };
}

const inLayer = 'transformer.h.{i}';

/** Attention and network beside each other or after, few KV heads, rotary positions or linear biases. */
export default defineModel({
  modelType: 'falcon',
  config,
  otherNames: { n_embed: 'hidden_size', n_head: 'num_attention_heads', n_layer: 'num_hidden_layers' },
  toSpec(config) {
    const { hidden_size: hiddenDim, bias: useBias, alibi } = config;
    const heads = falconHeads(config);
    return uniformModelSpec({
      vocabSize: config.vocab_size,
      hiddenDim,
      intermediateDim: config.ffn_hidden_size ?? 4 * hiddenDim,
      numLayers: config.num_hidden_layers,
      ...heads,
      useBiasQ: useBias,
      useBiasKv: useBias,
      useBiasO: useBias,
      rope: alibi ? null : ropeOf(config, heads.headDim),
      // They are scaled with the products. (transformers' eager attention adds them twice; its others do not.)
      alibiSlopes: alibi ? alibiSlopes(heads.numHeads).map((slope) => slope * heads.headDim ** -0.5) : null,
      useGate: false,
      activation: config.activation,
      useBias,
      residual: config.parallel_attn ? 'parallel' : 'sequential',
      norms: normsOf(config),
      maxSeqLen: alibi ? null : config.max_position_embeddings,
      tieEmbeddings: config.tie_word_embeddings,
    });
  },
  ignoredKeys: { apply_residual_connection_post_layernorm: 'nobody reads it' },
  weights: {
    embedding: 'transformer.word_embeddings',
    'layers.{i}.preMixerNorm': [`${inLayer}.input_layernorm`, `${inLayer}.ln_attn`],
    ...fusedWeights({
      tensor: `${inLayer}.self_attention.query_key_value`,
      part: { of: ['layers.{i}.mixer.q', 'layers.{i}.mixer.k', 'layers.{i}.mixer.v'], by: 'kv_head' },
    }),
    'layers.{i}.mixer.o': `${inLayer}.self_attention.dense`,
    'layers.{i}.preFfnNorm': [`${inLayer}.post_attention_layernorm`, `${inLayer}.ln_mlp`],
    'layers.{i}.ffn.up': `${inLayer}.mlp.dense_h_to_4h`,
    'layers.{i}.ffn.down': `${inLayer}.mlp.dense_4h_to_h`,
    finalNorm: 'transformer.ln_f',
    lmHead: 'lm_head',
  },
  ignoredTensors: {},
});
