import { alibiSlopes, type NormSpec, uniformModelSpec } from '@tttv2/spec';
import { z } from 'zod';
import { layerCount, only, positive, positiveInt } from '../config-values.ts';
import { defineModel } from '../define-model.ts';
import { noWindowKeys } from '../layer-windows.ts';
import { fusedWeights } from '../weight-names.ts';

/** Defaults: `MptAttentionConfig` of transformers 5.24. How attention is computed, and what training drops, is not looked at. */
const attention = z.object({
  alibi: only(true),
  alibi_bias_max: positive.default(8),
  attn_impl: z.unknown().optional(),
  attn_pdrop: z.unknown().optional(),
  attn_type: only('multihead_attention'),
  attn_uses_sequence_id: only(false),
  clip_qkv: positive.nullish(),
  model_type: z.unknown().optional(),
  prefix_lm: only(false),
  qk_ln: only(false),
  softmax_scale: positive.nullish(),
});

/** Defaults: `MptConfig` of transformers 5.24. */
const config = z
  .object({
    vocab_size: positiveInt.default(50368),
    d_model: positiveInt.default(2048),
    n_heads: positiveInt.default(16),
    n_layers: layerCount.default(24),
    max_seq_len: positiveInt.default(2048),
    layer_norm_epsilon: positive.default(1e-5),
    tie_word_embeddings: z.boolean().default(true),
    attn_config: attention.nullish(),
    logit_scale: only(null),
    no_bias: only(true),
    ...noWindowKeys,
  })
  .superRefine(({ d_model, n_heads }, context) => {
    if (d_model % n_heads !== 0)
      context.addIssue({
        code: 'custom',
        path: ['d_model'],
        message: `${d_model} is not divisible by n_heads ${n_heads}`,
      });
  });

const inBlock = 'transformer.blocks.{i}';

/** Linear biases in the place of positions; norms and projections without biases. */
export default defineModel({
  modelType: 'mpt',
  config,
  otherNames: { hidden_size: 'd_model', num_attention_heads: 'n_heads', num_hidden_layers: 'n_layers' },
  toSpec(config) {
    const { d_model: hiddenDim, n_heads: numHeads, layer_norm_epsilon: normEps } = config;
    const { alibi_bias_max: maxBias, clip_qkv, softmax_scale } = config.attn_config ?? attention.parse({});
    const norm: NormSpec = { normType: 'layer_norm', normEps, useBias: false, weight: 'plain' };
    return uniformModelSpec({
      vocabSize: config.vocab_size,
      hiddenDim,
      intermediateDim: 4 * hiddenDim,
      numLayers: config.n_layers,
      numHeads,
      useBiasQ: false,
      useBiasKv: false,
      useRotary: false,
      alibiSlopes: alibiSlopes(numHeads, maxBias),
      clipQkv: clip_qkv ?? null,
      scale: softmax_scale ?? (hiddenDim / numHeads) ** -0.5,
      useGate: false,
      activation: 'gelu',
      norms: { preMixer: norm, postMixer: null, preFfn: norm, postFfn: null },
      maxSeqLen: config.max_seq_len,
      tieEmbeddings: config.tie_word_embeddings,
    });
  },
  ignoredKeys: {
    emb_pdrop: 'only matters in training',
    embedding_fraction: 'only matters in training',
    expansion_ratio: 'nobody reads it: networks are four times as wide',
    init_config: 'only matters before training',
    init_device: 'only matters before training',
    learned_pos_emb: 'nobody reads it: there are linear biases',
    norm_type: 'nobody reads it: norms are layer norms',
    resid_pdrop: 'only matters in training',
    tokenizer_name: 'the tokenizer’s files say it',
    verbose: 'says how much is printed',
  },
  weights: {
    embedding: 'transformer.wte',
    'layers.{i}.preMixerNorm': `${inBlock}.norm_1`,
    ...fusedWeights({
      tensor: `${inBlock}.attn.Wqkv`,
      part: { of: ['layers.{i}.mixer.q', 'layers.{i}.mixer.k', 'layers.{i}.mixer.v'] },
    }),
    'layers.{i}.mixer.o': `${inBlock}.attn.out_proj`,
    'layers.{i}.preFfnNorm': `${inBlock}.norm_2`,
    'layers.{i}.ffn.up': `${inBlock}.ffn.up_proj`,
    'layers.{i}.ffn.down': `${inBlock}.ffn.down_proj`,
    finalNorm: 'transformer.norm_f',
    lmHead: 'lm_head',
  },
  ignoredTensors: {},
});
