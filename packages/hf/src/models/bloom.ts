import { alibiSlopes, type NormSpec, uniformModelSpec } from '@tttv2/spec';
import { z } from 'zod';
import { layerCount, only, positive, positiveInt } from '../config-values.ts';
import { defineModel } from '../define-model.ts';
import { noWindowKeys } from '../layer-windows.ts';
import type { WeightNames } from '../weight-names.ts';

/** Defaults: `BloomConfig` of transformers 5.24. */
const config = z
  .object({
    vocab_size: positiveInt.default(250880),
    hidden_size: positiveInt.default(64),
    n_layer: layerCount.default(2),
    n_head: positiveInt.default(8),
    layer_norm_epsilon: positive.default(1e-5),
    tie_word_embeddings: z.boolean().default(true),
    apply_residual_connection_post_layernorm: only(false),
    ...noWindowKeys,
  })
  .superRefine(({ hidden_size, n_head }, context) => {
    if (hidden_size % n_head !== 0)
      context.addIssue({
        code: 'custom',
        path: ['hidden_size'],
        message: `${hidden_size} is not divisible by n_head ${n_head}`,
      });
  });

/** Checkpoints of the model without its head have no `transformer.` before their names. */
function named(tensor: string): string[] {
  return [`transformer.${tensor}`, tensor];
}

const part = { of: ['layers.{i}.mixer.q', 'layers.{i}.mixer.k', 'layers.{i}.mixer.v'], by: 'kv_head' } as const;
const qkv = named('h.{i}.self_attention.query_key_value').map((tensor) => ({ tensor, part }));
const weights: WeightNames = {
  embedding: named('word_embeddings'),
  embeddingNorm: named('word_embeddings_layernorm'),
  'layers.{i}.preMixerNorm': named('h.{i}.input_layernorm'),
  ...Object.fromEntries(part.of.map((module) => [module, qkv])),
  'layers.{i}.mixer.o': named('h.{i}.self_attention.dense'),
  'layers.{i}.preFfnNorm': named('h.{i}.post_attention_layernorm'),
  'layers.{i}.ffn.up': named('h.{i}.mlp.dense_h_to_4h'),
  'layers.{i}.ffn.down': named('h.{i}.mlp.dense_4h_to_h'),
  finalNorm: named('ln_f'),
  lmHead: 'lm_head',
};

const rounding = 'repeats the rounding of training';

/** Linear biases in the place of positions, a norm over the embeddings, biases everywhere. */
export default defineModel({
  modelType: 'bloom',
  config,
  otherNames: { n_embed: 'hidden_size', num_attention_heads: 'n_head', num_hidden_layers: 'n_layer' },
  toSpec(config) {
    const { hidden_size: hiddenDim, n_head: numHeads, layer_norm_epsilon: normEps } = config;
    const norm: NormSpec = { normType: 'layer_norm', normEps, useBias: true, weight: 'plain' };
    return uniformModelSpec({
      vocabSize: config.vocab_size,
      hiddenDim,
      intermediateDim: 4 * hiddenDim,
      numLayers: config.n_layer,
      numHeads,
      useRotary: false,
      alibiSlopes: alibiSlopes(numHeads),
      useBiasO: true,
      useGate: false,
      activation: 'gelu_tanh',
      useBias: true,
      normType: 'layer_norm',
      normEps,
      embeddingNorm: norm,
      maxSeqLen: null,
      tieEmbeddings: config.tie_word_embeddings,
    });
  },
  ignoredKeys: {
    attention_softmax_in_fp32: 'scores are float32 in any case',
    bias_dropout_fusion: 'only matters in training',
    masked_softmax_fusion: 'the backend chooses how it is computed',
    offset_alibi: 'nobody reads it',
    pretraining_tp: rounding,
    seq_length: 'nobody reads it: linear biases reach to any length',
    skip_bias_add: 'the backend chooses how it is computed',
    skip_bias_add_qkv: 'the backend chooses how it is computed',
    slow_but_exact: rounding,
    unk_token_id: 'the tokenizer’s files say it',
  },
  weights,
  ignoredTensors: {},
});
