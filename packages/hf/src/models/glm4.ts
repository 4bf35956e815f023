import { uniformModelSpec } from '@tttv2/spec';
import { defineModel } from '../define-model.ts';
import { glmConfig, glmOptions, glmWeights } from '../glm-like.ts';

/** GLM with norms on both sides of each sublayer. */
export default defineModel({
  modelType: 'glm4',
  config: glmConfig,
  toSpec: (config) => uniformModelSpec({ ...glmOptions(config), postNorm: true }),
  ignoredKeys: {},
  weights: {
    ...glmWeights,
    'layers.{i}.postMixerNorm': 'model.layers.{i}.post_self_attn_layernorm',
    'layers.{i}.postFfnNorm': 'model.layers.{i}.post_mlp_layernorm',
  },
  ignoredTensors: {},
});
