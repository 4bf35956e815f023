import type { AttrsOf, Dim, OpName, StateDeclaration, StepInput } from '@tttv2/graph';
import { activationTypeSchema, type RopeSpec } from '@tttv2/spec';

/** An input of the op under test: a step input by name, or the shape of random numbers. */
export type CaseInput = StepInput | readonly Dim[];

/** One op with attributes and inputs that matter. */
export interface OpCase<Name extends OpName> {
  attrs: AttrsOf<Name>;
  inputs: readonly CaseInput[];
  /** Numbers from 0.5 up, for roots and divisors. */
  positive?: boolean;
  states?: Readonly<Record<string, StateDeclaration>>;
  /** Position of the first token. */
  firstPosition?: number;
  /** Axes of the positions; default 1. */
  positionAxes?: 1 | 3;
  /** A backend may refuse it by name. */
  mayBeRefused?: true;
}

/** Shapes of one to four dimensions, widths that are no multiple of anything. */
const shapes: readonly (readonly Dim[])[] = [['N'], ['N', 7], ['N', 3, 5], ['N', 2, 3, 4], [9], [3, 33]];
/** Ops over the last dimension want it fixed. */
const rows = shapes.filter((shape) => shape.at(-1) !== 'N');
/** What `add` and its kin broadcast. */
const broadcasts: readonly (readonly [readonly Dim[], readonly Dim[]])[] = [
  ...shapes.map((shape) => [shape, shape] as const),
  [['N'], [1]],
  [['N', 7], [7]],
  [
    ['N', 7],
    ['N', 1],
  ],
  [['N', 3, 5], [5]],
  [
    ['N', 3, 5],
    ['N', 1, 5],
  ],
  [
    ['N', 3, 5],
    ['N', 3, 1],
  ],
  [
    ['N', 3, 5],
    [3, 1],
  ],
  [
    ['N', 2, 3, 4],
    [2, 1, 4],
  ],
  [
    ['N', 2, 3, 4],
    [1, 1, 1, 1],
  ],
  [
    [1, 'N', 2],
    ['N', 1],
  ],
  [['R', 4], [4]],
];

const fns = activationTypeSchema.options;
const unary = shapes.map((shape) => ({ attrs: {}, inputs: [shape] }));
const binary = broadcasts.map((inputs) => ({ attrs: {}, inputs }));

/** Products of `x` with a matrix `[outputs, width]`: narrow, odd, wide, by way of each rank of `x`. */
const products: readonly (readonly [readonly Dim[], readonly Dim[]])[] = [
  [
    ['N', 7],
    [5, 7],
  ],
  [
    ['N', 1],
    [3, 1],
  ],
  [
    ['N', 64],
    [1, 64],
  ],
  [
    ['N', 100],
    [33, 100],
  ],
  [
    ['N', 3, 5],
    [4, 5],
  ],
  [
    ['N', 2, 3, 4],
    [6, 4],
  ],
  [[9], [5, 9]],
  [
    [3, 33],
    [7, 33],
  ],
  [
    ['R', 6],
    [8, 6],
  ],
];

const joins: readonly (readonly [readonly Dim[], readonly Dim[]])[] = [
  ...rows.map((shape) => [shape, shape] as const),
  [
    ['N', 7],
    ['N', 2],
  ],
  [[9], [1]],
];

const lookUps: readonly (readonly [table: readonly Dim[], index: StepInput])[] = [
  [[16, 7], 'tokens'],
  [[16, 2, 3], 'tokens'],
  [[16, 2, 3, 4], 'tokens'],
  [[4, 5], 'slot'],
  [[64, 5], 'cacheIndex'],
  [[64, 5], 'positions'],
  [[64, 2, 3], 'positions'],
  [['N', 7], 'logitRows'],
  [['N', 2, 3], 'logitRows'],
];

const scalings: readonly (readonly [RopeSpec['scaling'], firstPosition: number])[] = [
  [{ kind: 'default' }, 0],
  [{ kind: 'default' }, 1000],
  [{ kind: 'linear', factor: 4 }, 0],
  [{ kind: 'dynamic', factor: 2, originalMaxSeqLen: 4 }, 0],
  [{ kind: 'llama3', factor: 8, lowFreqFactor: 1, highFreqFactor: 4, originalMaxSeqLen: 32 }, 0],
  [
    {
      kind: 'yarn',
      factor: 4,
      originalMaxSeqLen: 32,
      betaFast: 32,
      betaSlow: 1,
      truncate: true,
      attentionFactor: 1.14,
    },
    0,
  ],
  [{ kind: 'factors', factors: [1, 1.5, 2], attentionFactor: 1.2 }, 0],
  [
    {
      kind: 'longrope',
      shortFactors: [1, 1, 1.1],
      longFactors: [1, 2, 3.5],
      originalMaxSeqLen: 4,
      attentionFactor: 1.19,
    },
    0,
  ],
];
/** Heads that turn whole, in part, and in part with an odd rest. */
const headDims = [6, 10, 9];

const rotary = (['half', 'interleaved'] as const).flatMap((layout) =>
  scalings.flatMap(([scaling, firstPosition]) =>
    headDims.map(
      (headDim): OpCase<'rotary'> => ({
        attrs: { theta: 10000, rotaryDim: 6, layout, scaling },
        inputs: [['N', 3, headDim], 'positions', 'slot'],
        firstPosition,
      }),
    ),
  ),
);

/** Positions of three axes, in sections and in turns, one with pairs that are left over for the first. */
const multimodal = (
  [
    [[1, 2, 3], false],
    [[2, 2, 2], true],
    [[4, 1, 1], true],
  ] as const
).flatMap(([[time, height, width], isInterleaved]) =>
  (['half', 'interleaved'] as const).flatMap((layout) =>
    scalings.slice(2, 4).map(
      ([scaling]): OpCase<'rotary'> => ({
        attrs: {
          theta: 10000,
          rotaryDim: 12,
          layout,
          scaling,
          mrope: { sections: [time, height, width], isInterleaved },
        },
        inputs: [['N', 3, 14], 'positions', 'slot'],
        positionAxes: 3,
      }),
    ),
  ),
);

/** Heads, KV heads, head dimension, window. */
const attentions: readonly (readonly [number, number, number, number | null])[] = [
  [1, 1, 8, null],
  [4, 4, 8, null],
  [6, 2, 8, null],
  [4, 1, 8, null],
  [3, 3, 5, null],
  [4, 2, 1, null],
  [2, 2, 64, null],
  [4, 2, 8, 1],
  [4, 2, 8, 3],
  [4, 2, 8, 100],
];

const attention = attentions.flatMap(([heads, kvHeads, headDim, window]): OpCase<'attention'>[] => {
  const attrs = {
    state: 'cache',
    scale: headDim ** -0.5,
    mask: 'causal',
    window,
    chunk: null,
    softcap: null,
    hasSelection: false,
  } as const;
  const inputs = [
    ['N', heads, headDim],
    ['N', kvHeads, headDim],
    ['N', kvHeads, headDim],
    'slot',
    'cacheIndex',
  ] as const;
  const states = { cache: { kind: 'kv_cache', numKvHeads: kvHeads, headDim, stored: null } } as const;
  return [
    { attrs, inputs, states },
    { attrs: { ...attrs, softcap: 0.7 }, inputs, states, mayBeRefused: true },
    { attrs: { ...attrs, chunk: 3 }, inputs, states, mayBeRefused: true },
    { attrs, inputs: [...inputs, [heads]], states, mayBeRefused: true },
    { attrs: { ...attrs, softcap: 2 }, inputs: [...inputs, [heads]], states, mayBeRefused: true },
  ];
});

/** A device on its own is a group of one along either axis. */
const meshAxes = [0, 1] as const;

/** Experts, those chosen, hidden and inner width; how scores come about. */
const experts = (
  [
    [1, 1, 4, 3],
    [4, 2, 8, 5],
    [8, 3, 5, 8],
    [6, 6, 3, 2],
  ] as const
).flatMap(([count, topK, width, inner]) =>
  (['softmax', 'sigmoid'] as const).flatMap((score) =>
    (['score_then_topk', 'topk_then_score'] as const).flatMap((order): OpCase<'moe'>[] => {
      const weights = [
        [count, inner, width],
        [count, inner, width],
        [count, width, inner],
      ];
      const inputs = [['N', width], ['N', count], ...weights] as const;
      const open = [['N', width], ['N', count], ...weights.slice(1)] as const;
      const attrs = {
        topK,
        fn: 'silu',
        gated: true,
        score,
        order,
        normalize: false,
        scale: 1,
        groups: null,
        limit: null,
        upOffset: 0,
        scored: 'outputs',
        hasExpertScale: false,
      } as const;
      return [
        { attrs, inputs },
        { attrs: { ...attrs, fn: 'gelu_tanh', normalize: true, scale: 2.5 }, inputs: [...inputs, [count]] },
        { attrs: { ...attrs, limit: 0.5 }, inputs, mayBeRefused: true },
        { attrs: { ...attrs, scored: 'inputs', scale: 2.5 }, inputs, mayBeRefused: true },
        { attrs: { ...attrs, hasExpertScale: true }, inputs: [...inputs, [count], [count]], mayBeRefused: true },
        {
          attrs: { ...attrs, fn: 'quick_gelu', limit: 0.5, upOffset: 1 },
          inputs: [...inputs, [count, inner], [count, inner], [count, width]],
          mayBeRefused: true,
        },
        { attrs, inputs: [...inputs, [count], [count, inner], [count, inner], [count, width]], mayBeRefused: true },
        { attrs: { ...attrs, fn: 'relu2', gated: false }, inputs: open },
        { attrs: { ...attrs, fn: 'relu2', gated: false }, inputs: [...open, [count]] },
        {
          attrs: { ...attrs, gated: false },
          inputs: [...open, [count], [count, inner], [count, width]],
          mayBeRefused: true,
        },
      ];
    }),
  ),
);

/** Groups of experts, those that may be chosen from, and how many experts are. */
const expertGroups = (
  [
    [2, 1, 2],
    [4, 2, 3],
    [4, 4, 8],
    [1, 1, 1],
  ] as const
).flatMap(([count, chosen, topK]) =>
  (['max', 'top2_sum'] as const).flatMap((groupScore): OpCase<'moe'>[] => {
    const groups = { count, chosen, score: groupScore };
    const inputs = [
      ['N', 5],
      ['N', 8],
      [8, 3, 5],
      [8, 3, 5],
      [8, 5, 3],
    ] as const;
    const attrs = {
      topK,
      fn: 'silu',
      gated: true,
      order: 'score_then_topk',
      normalize: true,
      scale: 1,
      groups,
      limit: null,
      upOffset: 0,
      scored: 'outputs',
      hasExpertScale: false,
    } as const;
    return [
      { attrs: { ...attrs, score: 'softmax' }, inputs, mayBeRefused: true },
      { attrs: { ...attrs, score: 'sigmoid' }, inputs: [...inputs, [8]], mayBeRefused: true },
    ];
  }),
);

/** Channels and width. */
const convolutions = (
  [
    [1, 2],
    [5, 4],
    [64, 3],
    [7, 9],
  ] as const
).map(
  ([channels, width]): OpCase<'causal_conv'> => ({
    attrs: { state: 'past' },
    mayBeRefused: true,
    inputs: [['N', channels], [channels, width], 'slot', 'cacheIndex'],
    states: { past: { kind: 'recurrent', shape: [width - 1, channels] } },
  }),
);

/** Heads, their dimension, groups, numbers that a head keeps for each of its dimensions. */
const scans = (
  [
    [1, 1, 1, 1],
    [4, 3, 2, 5],
    [6, 8, 1, 16],
    [3, 16, 3, 33],
  ] as const
).map(
  ([heads, headDim, groups, width]): OpCase<'ssm_scan'> => ({
    attrs: { state: 'scan' },
    mayBeRefused: true,
    inputs: [
      ['N', heads, headDim],
      ['N', heads],
      [heads],
      ['N', groups, width],
      ['N', groups, width],
      'slot',
      'cacheIndex',
    ],
    states: { scan: { kind: 'recurrent', shape: [heads, headDim, width] } },
  }),
);

/** Groups, heads of each, dimensions of values and of keys. */
const deltas = (
  [
    [1, 1, 1, 1],
    [2, 2, 5, 5],
    [3, 1, 8, 8],
    [1, 4, 16, 16],
    [2, 3, 3, 7],
    [2, 2, 64, 8],
  ] as const
).map(
  ([groups, perGroup, headDim, width]): OpCase<'gated_delta'> => ({
    attrs: { state: 'delta' },
    mayBeRefused: true,
    inputs: [
      ['N', groups, width],
      ['N', groups, width],
      ['N', groups * perGroup, headDim],
      ['N', groups * perGroup],
      [groups * perGroup],
      ['N', groups * perGroup],
      'slot',
      'cacheIndex',
    ],
    states: { delta: { kind: 'recurrent', shape: [groups * perGroup, headDim, width] } },
  }),
);

/** Cases of every op: an op without any does not compile. */
export const opCases: { readonly [Name in OpName]: readonly OpCase<Name>[] } = {
  activation: fns.flatMap((fn) => shapes.map((shape) => ({ attrs: { fn }, inputs: [shape] }))),
  add: binary,
  affine: shapes.map((shape) => ({ attrs: { scale: -1.5, offset: 0.25 }, inputs: [shape] })),
  all_gather: meshAxes.flatMap((meshAxis) =>
    rows.map((shape) => ({ attrs: { meshAxis, devices: 1 }, inputs: [shape] })),
  ),
  all_reduce: meshAxes.flatMap((meshAxis) => shapes.map((shape) => ({ attrs: { meshAxis }, inputs: [shape] }))),
  attention,
  causal_conv: convolutions,
  clamp: shapes.flatMap((shape) =>
    [
      { min: -0.4, max: 0.5 },
      { min: 0.1, max: null },
      { min: null, max: 0 },
    ].map((attrs) => ({ attrs, inputs: [shape] })),
  ),
  concat: joins.map((inputs) => ({ attrs: {}, inputs })),
  constant: [[3], [2, 3], [2, 1, 3], [1, 2, 3, 1]].map((shape) => ({
    attrs: { shape, data: Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => i / 3 - 0.5) },
    inputs: [],
  })),
  cos: unary,
  div: binary.map((one) => ({ ...one, positive: true })),
  exp: unary,
  floor: unary,
  gather_rows: lookUps.map((inputs) => ({ attrs: {}, inputs })),
  gated_delta: deltas,
  glu: fns.flatMap((fn) => shapes.map((shape) => ({ attrs: { fn }, inputs: [shape, shape] }))),
  layer_norm: rows.flatMap((shape) => [
    { attrs: { eps: 1e-5 }, inputs: [shape, shape.slice(-1)] },
    { attrs: { eps: 0.1 }, inputs: [shape, shape.slice(-1), shape.slice(-1)] },
  ]),
  linear: products.flatMap(([x, weight]) => [
    { attrs: {}, inputs: [x, weight] },
    { attrs: {}, inputs: [x, weight, weight.slice(0, 1)] },
  ]),
  log: unary.map((one) => ({ ...one, positive: true })),
  matmul: products.map((inputs) => ({ attrs: {}, inputs })),
  mean: rows.map((shape) => ({ attrs: {}, inputs: [shape] })),
  moe: [...experts, ...expertGroups],
  mul: binary,
  reshape: [
    { attrs: { shape: ['N', 2, 3] }, inputs: [['N', 6]] },
    { attrs: { shape: [1, 'N', 6] }, inputs: [['N', 6]] },
    { attrs: { shape: ['N', 12] }, inputs: [['N', 2, 3, 2]] },
    { attrs: { shape: [1, 1, 'N', 6] }, inputs: [['N', 6]] },
    { attrs: { shape: [6] }, inputs: [[1, 2, 3]] },
  ],
  rms_norm: [1e-6, 0.1].flatMap((eps) => rows.map((shape) => ({ attrs: { eps }, inputs: [shape, shape.slice(-1)] }))),
  rotary: [...rotary, ...multimodal],
  // What it gives is no number: attention that reads it is held to the reference (`selection-contract.ts`).
  select_keys: [],
  sin: unary,
  slice: [
    { attrs: { start: 0, length: 7 }, inputs: [['N', 7]] },
    { attrs: { start: 2, length: 3 }, inputs: [['N', 7]] },
    { attrs: { start: 4, length: 1 }, inputs: [['N', 3, 5]] },
    { attrs: { start: 1, length: 2 }, inputs: [['N', 2, 3, 4]] },
    { attrs: { start: 8, length: 1 }, inputs: [[9]] },
  ],
  sqrt: unary.map((one) => ({ ...one, positive: true })),
  ssm_scan: scans,
  sub: binary,
  to_float: (['tokens', 'positions', 'slot', 'cacheIndex', 'logitRows'] as const).map((input) => ({
    attrs: {},
    inputs: [input],
  })),
};
