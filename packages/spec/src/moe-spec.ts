import { z } from 'zod';
import { activationTypeSchema } from './ffn-spec.ts';
import { positive, positiveInt } from './numbers.ts';
import { parseWith } from './parse.ts';

const routerSchema = z.strictObject({
  /** What router logits are turned into: probabilities over all experts, or each by itself. */
  score: z.enum(['softmax', 'sigmoid']),
  /** `score_then_topk`: the best of the scores. `topk_then_score`: scores of the best logits among themselves. */
  order: z.enum(['score_then_topk', 'topk_then_score']),
  /** The chosen scores are divided by their sum. */
  normalize: z.boolean(),
  /** Multiplies the chosen scores, after that. */
  scale: positive,
  /** A bias that is added to the scores for the choice alone. */
  useSelectionBias: z.boolean(),
});
export type RouterSpec = z.infer<typeof routerSchema>;

/** A mixture of gated experts: of `numExperts` the router's best `topK` see a token, and their results are summed by score. */
export const moeSpecSchema = z
  .strictObject({
    kind: z.literal('moe'),
    hiddenDim: positiveInt,
    numExperts: positiveInt,
    topK: positiveInt,
    /** Inner width of each expert. */
    intermediateDim: positiveInt,
    activation: activationTypeSchema,
    router: routerSchema,
  })
  .superRefine(({ numExperts, topK }, context) => {
    if (topK > numExperts)
      context.addIssue({ code: 'custom', path: ['topK'], message: `is ${topK}, but there are ${numExperts} experts` });
  });
export type MoeSpec = z.infer<typeof moeSpecSchema>;

export interface MoeOptions {
  hiddenDim: number;
  numExperts: number;
  topK: number;
  intermediateDim: number;
  /** Default `silu`. */
  activation?: MoeSpec['activation'] | 'swish';
  /** Default: softmax over all, the best of it, divided by their sum. */
  router?: Partial<RouterSpec>;
}

/** A mixture of experts. @throws SpecError that names the field. */
export function moeSpec({ activation = 'silu', router = {}, ...dims }: MoeOptions): MoeSpec {
  const usual = {
    score: 'softmax',
    order: 'score_then_topk',
    normalize: true,
    scale: 1,
    useSelectionBias: false,
  } as const;
  return parseWith(moeSpecSchema, {
    kind: 'moe',
    ...dims,
    activation: activation === 'swish' ? 'silu' : activation,
    router: { ...usual, ...router },
  });
}
