import { ffnSpec } from '@tttv2/spec';
import { z } from 'zod';
import { activationNames } from '../activation-names.ts';
import { layerCount, oneOf, positive, positiveInt } from '../config-values.ts';
import { defineModel } from '../define-model.ts';
import { checkHeads, headsOf } from '../heads.ts';
import { checkWindows, layerWindows, windowKeys } from '../layer-windows.ts';
import { llamaLikeSpec, llamaLikeWeights } from '../llama-like.ts';
import { ropeKeys, ropeOf } from '../rope-config.ts';

/** Defaults: `SmolLM3Config` of transformers 5.24. */
const config = z
  .object({
    vocab_size: positiveInt.default(128256),
    hidden_size: positiveInt.default(2048),
    intermediate_size: positiveInt.default(11008),
    num_hidden_layers: layerCount.default(36),
    num_attention_heads: positiveInt.default(16),
    num_key_value_heads: positiveInt.nullable().default(4),
    head_dim: positiveInt.nullish(),
    hidden_act: oneOf(activationNames).default('silu'),
    max_position_embeddings: positiveInt.default(32768),
    rms_norm_eps: positive.default(1e-6),
    tie_word_embeddings: z.boolean().default(true),
    attention_bias: z.boolean().default(false),
    mlp_bias: z.boolean().default(false),
    /** For each layer 1 where it knows positions, 0 where it does not; or every so many layers one that does not. */
    no_rope_layers: z.array(z.union([z.literal(0), z.literal(1)])).nullish(),
    no_rope_layer_interval: positiveInt.default(4),
    use_sliding_window: z.boolean().default(false),
    ...windowKeys,
    ...ropeKeys,
  })
  .transform((found) => (found.use_sliding_window ? found : { ...found, sliding_window: null }))
  .superRefine((found, context) => {
    checkHeads(found, context);
    checkWindows(found, context);
    const { no_rope_layers: layers, num_hidden_layers: count } = found;
    if (layers && layers.length !== count) {
      const message = `has ${layers.length} entries, but num_hidden_layers is ${count}`;
      context.addIssue({ code: 'custom', path: ['no_rope_layers'], message });
    }
  });

/** Llama's structure; every fourth layer knows no positions. */
export default defineModel({
  modelType: 'smollm3',
  config,
  toSpec(config) {
    const { attention_bias: useBias, no_rope_layers: named, no_rope_layer_interval: interval } = config;
    const knowsPositions = (layer: number) => (named ? named[layer] === 1 : (layer + 1) % interval !== 0);
    const windows = layerWindows(config, (layer) => !knowsPositions(layer));
    const { hidden_size: hiddenDim, intermediate_size: intermediateDim, hidden_act: activation } = config;
    const ffn = ffnSpec({ hiddenDim, intermediateDim, activation, useBias: config.mlp_bias });
    return llamaLikeSpec(
      config,
      ropeOf(config, headsOf(config).headDim),
      (layer) => ({
        useBiasQ: useBias,
        useBiasKv: useBias,
        useBiasO: useBias,
        useRotary: knowsPositions(layer),
        slidingWindowSize: windows[layer] ?? null,
      }),
      () => ffn,
    );
  },
  ignoredKeys: {
    max_window_layers: 'nobody reads it: layers without positions have the window',
    pretraining_tp: 'splits matrices to repeat the rounding of training; the numbers it stands for are the same',
  },
  weights: llamaLikeWeights,
  ignoredTensors: {},
});
