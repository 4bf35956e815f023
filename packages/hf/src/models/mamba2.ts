import { layerSpec, modelSpec, ssdSpec } from '@tttv2/spec';
import { z } from 'zod';
import { activationNames } from '../activation-names.ts';
import { layerCount, oneOf, only, positive, positiveInt } from '../config-values.ts';
import { defineModel } from '../define-model.ts';

/** JSON has no infinity: this stands for it (`parse-json.ts`). */
const infinity = z.object({ __float__: z.literal('Infinity') }).transform(() => Number.POSITIVE_INFINITY);
const timeStepLimit = z.tuple([z.number().nonnegative(), z.union([positive, infinity])]);

/** Defaults: `Mamba2Config` of transformers 5.24. */
const config = z
  .object({
    vocab_size: positiveInt.default(32768),
    hidden_size: positiveInt.default(4096),
    num_hidden_layers: layerCount.default(64),
    num_heads: positiveInt.default(128),
    head_dim: positiveInt.default(64),
    state_size: positiveInt.default(128),
    n_groups: positiveInt.default(8),
    conv_kernel: positiveInt.min(2).default(4),
    expand: positive.default(2),
    hidden_act: oneOf(activationNames).default('silu'),
    layer_norm_epsilon: positive.default(1e-5),
    use_bias: z.boolean().default(false),
    use_conv_bias: z.boolean().default(true),
    rms_norm: only(true),
    time_step_limit: timeStepLimit.default([0, Number.POSITIVE_INFINITY]),
    tie_word_embeddings: z.boolean().default(false),
  })
  .superRefine(({ hidden_size, expand, num_heads, head_dim, n_groups, time_step_limit: [least, most] }, context) => {
    const fail = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
    if (hidden_size * expand !== num_heads * head_dim)
      fail(
        'num_heads',
        `${num_heads} of head_dim ${head_dim} are not expand ${expand} times hidden_size ${hidden_size}`,
      );
    if (num_heads % n_groups !== 0) fail('n_groups', `${n_groups} does not divide num_heads ${num_heads}`);
    if (least > most) fail('time_step_limit', `goes from ${least} down to ${most}`);
  });

const initial = 'only matters before training';

/** Recurrent mixers alone: no attention, no networks between. */
export default defineModel({
  modelType: 'mamba2',
  config,
  toSpec(config) {
    const [least, most] = config.time_step_limit;
    const { hidden_size: hiddenDim, layer_norm_epsilon: normEps } = config;
    const mixer = ssdSpec({
      hiddenDim,
      numHeads: config.num_heads,
      headDim: config.head_dim,
      stateDim: config.state_size,
      numGroups: config.n_groups,
      convWidth: config.conv_kernel,
      useBiasConv: config.use_conv_bias,
      useBias: config.use_bias,
      activation: config.hidden_act,
      normEps,
      minTimeStep: least === 0 ? null : least,
      maxTimeStep: most === Number.POSITIVE_INFINITY ? null : most,
    });
    const layer = layerSpec({ mixer, ffn: null, normEps });
    return modelSpec({
      vocabSize: config.vocab_size,
      hiddenDim,
      layers: Array.from({ length: config.num_hidden_layers }, () => layer),
      maxSeqLen: null,
      tieEmbeddings: config.tie_word_embeddings,
    });
  },
  ignoredKeys: {
    chunk_size: 'splits the same computation',
    intermediate_size: 'nobody reads it: the width is hidden_size times expand',
    norm_before_gate: 'nobody reads it: what is gated is normalised',
    residual_in_fp32: 'sums are float32 in any case',
    rescale_prenorm_residual: initial,
    time_step_floor: initial,
    time_step_init_scheme: initial,
    time_step_max: initial,
    time_step_min: initial,
    time_step_rank: 'there is a time step for each head',
    time_step_scale: initial,
  },
  weights: {
    embedding: ['backbone.embeddings', 'backbone.embedding'],
    'layers.{i}.preMixerNorm': 'backbone.layers.{i}.norm',
    'layers.{i}.mixer.in': 'backbone.layers.{i}.mixer.in_proj',
    'layers.{i}.mixer.conv': 'backbone.layers.{i}.mixer.conv1d',
    'layers.{i}.mixer.scan.timeStepBias': 'backbone.layers.{i}.mixer.dt_bias',
    'layers.{i}.mixer.scan.logDecay': 'backbone.layers.{i}.mixer.A_log',
    'layers.{i}.mixer.scan.skip': 'backbone.layers.{i}.mixer.D',
    'layers.{i}.mixer.norm': 'backbone.layers.{i}.mixer.norm',
    'layers.{i}.mixer.out': 'backbone.layers.{i}.mixer.out_proj',
    finalNorm: 'backbone.norm_f',
    lmHead: 'lm_head',
  },
  ignoredTensors: {},
  hiddenStates: 'outputs',
});
