import { attentionSpec, ffnSpec, layerSpec, modelSpec } from '@tttv2/spec';
import { z } from 'zod';
import { activationNames } from '../activation-names.ts';
import { layerCount, oneOf, positive, positiveInt } from '../config-values.ts';
import { defineModel } from '../define-model.ts';
import { noWindowKeys } from '../layer-windows.ts';
import type { WeightLayout, WeightNames } from '../weight-names.ts';

/** Defaults: `GPT2Config` of transformers 5.24. */
const config = z
  .object({
    vocab_size: positiveInt.default(50257),
    n_positions: positiveInt.default(1024),
    n_embd: positiveInt.default(768),
    n_layer: layerCount.default(12),
    n_head: positiveInt.default(12),
    n_inner: positiveInt.nullable().default(null),
    activation_function: oneOf(activationNames).default('gelu_tanh'),
    layer_norm_epsilon: positive.default(1e-5),
    scale_attn_weights: z.boolean().default(true),
    scale_attn_by_inverse_layer_idx: z.boolean().default(false),
    tie_word_embeddings: z.boolean().default(true),
    ...noWindowKeys,
  })
  .superRefine(({ n_embd, n_head }, context) => {
    if (n_embd % n_head !== 0)
      context.addIssue({ code: 'custom', path: ['n_embd'], message: `${n_embd} is not divisible by n_head ${n_head}` });
  });

/** Checkpoints of the model without its head have no `transformer.` before their names, among them those of OpenAI. */
function named(tensor: string): string[] {
  return [`transformer.${tensor}`, tensor];
}

/** Matrices lie as `[in, out]`, and those of q, k and v in one. */
function conv1d(tensor: string, part?: WeightLayout['part']): WeightLayout[] {
  return named(tensor).map((name) => ({ tensor: name, isTransposed: true, ...(part === undefined ? {} : { part }) }));
}

const attention = conv1d('h.{i}.attn.c_attn', {
  of: ['layers.{i}.mixer.q', 'layers.{i}.mixer.k', 'layers.{i}.mixer.v'],
});

const weights: WeightNames = {
  embedding: named('wte'),
  positions: named('wpe'),
  'layers.{i}.preMixerNorm': named('h.{i}.ln_1'),
  'layers.{i}.mixer.q': attention,
  'layers.{i}.mixer.k': attention,
  'layers.{i}.mixer.v': attention,
  'layers.{i}.mixer.o': conv1d('h.{i}.attn.c_proj'),
  'layers.{i}.preFfnNorm': named('h.{i}.ln_2'),
  'layers.{i}.ffn.up': conv1d('h.{i}.mlp.c_fc'),
  'layers.{i}.ffn.down': conv1d('h.{i}.mlp.c_proj'),
  finalNorm: named('ln_f'),
  lmHead: 'lm_head',
};

const causalMask = 'the mask follows from the positions';

/** Layer norms, learned positions, biases everywhere and networks without a gate. */
export default defineModel({
  modelType: 'gpt2',
  config,
  otherNames: {
    hidden_size: 'n_embd',
    max_position_embeddings: 'n_positions',
    num_attention_heads: 'n_head',
    num_hidden_layers: 'n_layer',
  },
  toSpec(config) {
    const { n_embd: hiddenDim, n_head: numHeads } = config;
    const scaleOf = (layer: number) =>
      (config.scale_attn_weights ? (hiddenDim / numHeads) ** -0.5 : 1) /
      (config.scale_attn_by_inverse_layer_idx ? layer + 1 : 1);
    const ffn = ffnSpec({
      hiddenDim,
      intermediateDim: config.n_inner ?? 4 * hiddenDim,
      activation: config.activation_function,
      useGate: false,
      useBias: true,
    });
    const layers = Array.from({ length: config.n_layer }, (_, layer) =>
      layerSpec({
        attention: attentionSpec({ hiddenDim, numHeads, useRotary: false, useBiasO: true, scale: scaleOf(layer) }),
        ffn,
        normType: 'layer_norm',
        normEps: config.layer_norm_epsilon,
      }),
    );
    return modelSpec({
      vocabSize: config.vocab_size,
      hiddenDim,
      layers,
      learnedPositions: { size: config.n_positions },
      tieEmbeddings: config.tie_word_embeddings,
    });
  },
  ignoredKeys: {
    attn_pdrop: 'only matters in training',
    embd_pdrop: 'only matters in training',
    resid_pdrop: 'only matters in training',
    n_ctx: 'n_positions says it',
    n_special: 'tokens are those of the embedding',
    predict_special_tokens: 'tokens are those of the embedding',
    reorder_and_upcast_attn: 'orders the same computation for half precision',
    summary_activation: 'only matters for classifiers',
    summary_first_dropout: 'only matters for classifiers',
    summary_last_dropout: 'only matters for classifiers',
    summary_proj_to_labels: 'only matters for classifiers',
    summary_type: 'only matters for classifiers',
    summary_use_proj: 'only matters for classifiers',
  },
  weights,
  ignoredTensors: {
    'transformer.h.{i}.attn.bias': causalMask,
    'transformer.h.{i}.attn.masked_bias': causalMask,
    'h.{i}.attn.bias': causalMask,
    'h.{i}.attn.masked_bias': causalMask,
  },
});
