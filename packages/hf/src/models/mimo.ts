import { z } from 'zod';
import { only } from '../config-values.ts';
import { defineModel } from '../define-model.ts';
import { headsOf } from '../heads.ts';
import { llamaLikeWeights } from '../llama-like.ts';
import { qwen2Config, qwen2LikeSpec } from '../qwen2-like.ts';
import { ropeOf } from '../rope-config.ts';

/** Source: `MiMoConfig`, of the code beside the checkpoints; transformers has no such class. Biases are there in any case. */
const config = qwen2Config.and(z.object({ attention_bias: only(true) }));

/** Qwen 2's structure. Its layers that predict further tokens are left out. */
export default defineModel({
  modelType: 'mimo',
  config,
  toSpec: (config) => qwen2LikeSpec(config, ropeOf(config, headsOf(config).headDim)),
  ignoredKeys: {
    num_nextn_predict_layers: 'layers that predict further tokens are left out',
    use_mrope: 'nobody reads it: positions have one axis',
  },
  weights: llamaLikeWeights,
  ignoredTensors: { 'model.mtp_layers.*': 'layers that predict further tokens are left out' },
});
