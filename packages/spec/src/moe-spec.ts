import { z } from 'zod';
import { activationTypeSchema, checkGating, type FfnSpec, ffnSpecSchema, gatingShape } from './ffn-spec.ts';
import { type NormSpec, normSpecSchema } from './norm-spec.ts';
import { positive, positiveInt } from './numbers.ts';
import { parseWith } from './parse.ts';

/** Experts in groups of neighbours: a token first chooses groups, then experts from them (arXiv:2412.19437). */
const expertGroupsSchema = z.strictObject({
  count: positiveInt,
  chosen: positiveInt,
  /** What a group is chosen by: its best expert, or the sum of its best two. */
  score: z.enum(['max', 'top2_sum']),
});

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
  /** Null: experts are chosen from all. */
  groups: expertGroupsSchema.nullable().default(null),
  /** A bias on the logits themselves. */
  useBias: z.boolean().default(false),
  /** What the scores multiply: what the experts give, or what they see (Llama 4). */
  scored: z.enum(['outputs', 'inputs']).default('outputs'),
  /** Normalises what the router sees (Gemma 4). */
  norm: normSpecSchema.nullable().default(null),
  /** Multiplies the logits. */
  logitScale: positive.default(1),
  /** A learned number for each expert multiplies its score where it is chosen, at last (Gemma 4). */
  useExpertScale: z.boolean().default(false),
});
export type RouterSpec = z.infer<typeof routerSchema>;

/** Where experts, or a shared network, normalise for themselves: what they see, and what they give; null where they do not. */
const branchNormsSchema = z
  .strictObject({ pre: normSpecSchema.nullable(), post: normSpecSchema.nullable() })
  .default({ pre: null, post: null });

/**
 * A mixture of experts: of `numExperts` the router's best `topK` see a token, and their results are summed by score; a
 * shared network, which sees every token, is added.
 */
export const moeSpecSchema = z
  .strictObject({
    kind: z.literal('moe'),
    hiddenDim: positiveInt,
    numExperts: positiveInt,
    topK: positiveInt,
    /** Inner width of each expert. */
    intermediateDim: positiveInt,
    activation: activationTypeSchema,
    /** Experts are gated. */
    useGate: z.boolean().default(true),
    /** Biases on every projection of the experts. */
    useBias: z.boolean().default(false),
    ...gatingShape,
    /** The chosen experts read a projection of the input of this width, and what they give is projected back (Nemotron 3); null: none. */
    latentDim: positiveInt.nullable().default(null),
    router: routerSchema,
    /** Of the experts; the router sees what comes before. */
    norms: branchNormsSchema,
    /** Sees every token; `useGate` multiplies its result by the sigmoid of a number that a projection makes of the input. */
    shared: z
      .strictObject({ ffn: ffnSpecSchema, useGate: z.boolean(), norms: branchNormsSchema })
      .nullable()
      .default(null),
  })
  .superRefine(checkMoe);
export type MoeSpec = z.infer<typeof moeSpecSchema>;

interface BranchNorms {
  pre: NormSpec | null;
  post: NormSpec | null;
}

export interface MoeOptions {
  hiddenDim: number;
  numExperts: number;
  topK: number;
  intermediateDim: number;
  /** Default `silu`. */
  activation?: MoeSpec['activation'] | 'swish';
  /** Default true. */
  useGate?: boolean;
  /** Default false. */
  useBias?: boolean;
  /** Default none. */
  innerLimit?: number | null;
  /** Default 0. */
  upOffset?: number;
  /** Default none. */
  latentDim?: number | null;
  /** Default: softmax over all, the best of it, divided by their sum. */
  router?: Partial<RouterSpec>;
  /** Default none. */
  norms?: BranchNorms;
  /** A network that sees every token; default none. `useGate` defaults to false, `norms` to none. */
  shared?: { ffn: FfnSpec; useGate?: boolean; norms?: BranchNorms } | null;
}

/** A mixture of experts. @throws SpecError that names the field. */
export function moeSpec({ activation = 'silu', router = {}, shared = null, ...dims }: MoeOptions): MoeSpec {
  const usual = {
    score: 'softmax',
    order: 'score_then_topk',
    normalize: true,
    scale: 1,
    useSelectionBias: false,
    groups: null,
    useBias: false,
    scored: 'outputs',
    norm: null,
    logitScale: 1,
    useExpertScale: false,
  } as const;
  const norms: BranchNorms = { pre: null, post: null };
  return parseWith(moeSpecSchema, {
    kind: 'moe',
    useGate: true,
    useBias: false,
    innerLimit: null,
    upOffset: 0,
    norms,
    latentDim: null,
    ...dims,
    activation: activation === 'swish' ? 'silu' : activation,
    router: { ...usual, ...router },
    shared: shared && { useGate: false, norms, ...shared },
  });
}

function checkMoe(spec: MoeSpec, context: z.RefinementCtx<MoeSpec>): void {
  const { hiddenDim, numExperts, topK, router, shared } = spec;
  const fail = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
  checkGating(spec, context);
  if (topK > numExperts) fail(['topK'], `is ${topK}, but there are ${numExperts} experts`);
  if (shared !== null && shared.ffn.hiddenDim !== hiddenDim)
    fail(['shared', 'ffn', 'hiddenDim'], `is ${shared.ffn.hiddenDim}, but the experts' is ${hiddenDim}`);
  if (router.groups === null) return;
  const { count, chosen, score } = router.groups;
  const size = numExperts / count;
  const groups = ['router', 'groups'];
  if (!Number.isInteger(size)) fail([...groups, 'count'], `${numExperts} experts are not ${count} groups of one size`);
  else if (score === 'top2_sum' && size < 2) fail([...groups, 'score'], 'groups of one expert have no best two');
  if (chosen > count) fail([...groups, 'chosen'], `is ${chosen}, but there are ${count} groups`);
  else if (topK > chosen * size) fail(['topK'], `is ${topK}, but ${chosen} groups have ${chosen * size} experts`);
}
