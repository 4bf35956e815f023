import { uniformModelSpec } from '@tttv2/spec';
import { defineModel } from '../define-model.ts';
import { glmConfig, glmOptions, glmWeights } from '../glm-like.ts';

/** Llama's structure with biases on q, k and v, of each head a part turned by neighbours in pairs, gate and up in one. */
export default defineModel({
  modelType: 'glm',
  config: glmConfig,
  toSpec: (config) => uniformModelSpec(glmOptions(config)),
  ignoredKeys: {},
  weights: glmWeights,
  ignoredTensors: {},
});
