import { z } from 'zod';
import { positiveInt } from '../config-values.ts';
import { deepseekLikeSpec } from '../deepseek-like.ts';
import { deepseekV3, deepseekV3Keys, deepseekV3Router } from '../deepseek-v3.ts';
import { defineModel } from '../define-model.ts';
import { checkTopK } from '../experts.ts';
import { checkSelection, ownSelection, selectionKeys, selectionWeights, sparseLayers } from '../selecting-layers.ts';

/** Defaults: `DeepseekV32Config` of transformers 5.24. */
const config = z
  .object({
    ...deepseekV3Keys,
    q_lora_rank: positiveInt.default(1536),
    max_position_embeddings: positiveInt.default(163840),
    ...selectionKeys,
    index_n_heads: positiveInt.default(64),
  })
  .superRefine((found, context) => {
    checkTopK(found, ['num_experts_per_tok', 'n_routed_experts'], context);
    checkSelection(found, context);
  });

/** DeepSeek V3 whose layers select the tokens that they see. */
export default defineModel({
  ...deepseekV3,
  modelType: 'deepseek_v32',
  config,
  otherNames: { ...deepseekV3.otherNames, num_experts: 'n_routed_experts' },
  toSpec: (found) =>
    deepseekLikeSpec(found, deepseekV3Router(found), {
      hasExperts: sparseLayers(found),
      selectionOf: () => ownSelection(found, 'half'),
    }),
  weights: { ...deepseekV3.weights, ...selectionWeights },
});
