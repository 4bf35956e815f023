import { defineModel } from '../define-model.ts';
import { headsOf } from '../heads.ts';
import { llamaLikeWeights } from '../llama-like.ts';
import { qwen2Config, qwen2LikeSpec } from '../qwen2-like.ts';
import { ropeOf } from '../rope-config.ts';

/** Llama's structure with biases on q, k and v; layers from `max_window_layers` on may have a window. */
export default defineModel({
  modelType: 'qwen2',
  config: qwen2Config,
  toSpec: (config) => qwen2LikeSpec(config, ropeOf(config, headsOf(config).headDim)),
  ignoredKeys: { use_mrope: 'nobody reads it: positions have one axis' },
  weights: llamaLikeWeights,
  ignoredTensors: {
    'model.layers.{i}.self_attn.rotary_emb.inv_freq': 'rotary frequencies follow from the config',
  },
});
