import { describe, expect, test } from 'vitest';
import { GraphBuilder } from './builder.ts';
import type { Graph } from './graph.ts';
import { printGraph } from './print.ts';
import type { Sharding } from './sharding.ts';
import { validateProgram } from './validate-program.ts';

interface Cuts {
  table?: { shape: number[]; sharding: Sharding };
  cache?: { numKvHeads: number; sharding: Sharding };
  gathers?: number;
}

const byColumns: Sharding = { axis: 1, meshAxis: 1, size: 8 };
const byHeads: Sharding = { axis: 1, meshAxis: 1, size: 4 };

/** Embedded tokens, in parts of their columns, as two heads for attention, and joined. */
function graphOf({
  table = { shape: [11, 4], sharding: byColumns },
  cache = { numKvHeads: 2, sharding: byHeads },
  gathers = 2,
}: Cuts = {}): Graph {
  const builder = new GraphBuilder('g');
  const weight = builder.parameter('w', table.shape, null, table);
  const x = builder.node('gather_rows', {}, [weight, builder.input('tokens')]);
  const heads = builder.node('reshape', { shape: ['N', 2, 2] }, [x]);
  const state = builder.state('cache', { kind: 'kv_cache', headDim: 2, stored: null, ...cache });
  const places = [builder.input('slot'), builder.input('cacheIndex')];
  const attrs = {
    state,
    scale: 1,
    mask: 'causal',
    window: null,
    chunk: null,
    softcap: null,
    hasSelection: false,
  } as const;
  const mixed = builder.node('attention', attrs, [heads, heads, heads, ...places]);
  const rows = builder.node('reshape', { shape: ['N', 4] }, [mixed]);
  return builder.build({ y: builder.node('all_gather', { meshAxis: 1, devices: gathers }, [rows]) });
}

test('what is cut as the mesh says is a program, also in JSON', () => {
  const program = { mesh: [1, 2], stages: [graphOf()] };
  expect(validateProgram(program)).toEqual(program);
  expect(validateProgram(JSON.parse(JSON.stringify(program)))).toEqual(program);
});

test('a graph of the first opset is one of one device', () => {
  const { parameters, states, ...rest } = graphOf();
  const graph = {
    ...rest,
    opset: 1,
    parameters: { w: { shape: parameters.w?.shape, stored: null } },
    states: { cache: { kind: 'kv_cache', numKvHeads: 2, headDim: 2, stored: null } },
    nodes: rest.nodes.slice(0, -1),
    outputs: { y: rest.nodes.at(-2)?.id },
  };
  const [stage] = validateProgram({ mesh: [1, 1], stages: [graph] }).stages;
  expect(stage?.parameters.w).toMatchObject({ sharding: null, from: null });
  expect(stage?.states.cache).toMatchObject({ sharding: null });
  expect(Object.keys(states)).toEqual(['cache']);
});

const rows = (part: number, size: number, width = 4) => ({
  shape: [part, width],
  sharding: { axis: 0, meshAxis: 1, size } as const,
});

test.each<[what: string, program: object, message: string | RegExp]>([
  ['a mesh without devices', { mesh: [0, 2], stages: [] }, /mesh\.0/],
  ['no stage', { mesh: [1, 1], stages: [] }, 'stages: there is none'],
  ['a stage that is no graph', { mesh: [1, 1], stages: [{}] }, 'opset'],
  [
    'parts of another mesh',
    { mesh: [1, 4], stages: [graphOf()] },
    'parameter w: a device holds 4 of 8, but 4 devices along mesh axis 1 hold 2',
  ],
  [
    'parts larger than the whole',
    { mesh: [1, 2], stages: [graphOf({ table: rows(11, 10) })] },
    'parameters.w: is no part',
  ],
  [
    'a last device without anything',
    { mesh: [1, 4], stages: [graphOf({ table: rows(2, 5) })] },
    'leave the last device nothing',
  ],
  [
    'columns that are filled up',
    { mesh: [1, 2], stages: [graphOf({ table: { shape: [11, 4], sharding: { ...byColumns, size: 7 } } })] },
    '7 elements of axis 1 do not divide over 2 devices: rows alone are filled up',
  ],
  [
    'heads of another mesh',
    { mesh: [1, 2], stages: [graphOf({ cache: { numKvHeads: 2, sharding: { ...byHeads, size: 3 } } })] },
    'state cache: 3 KV heads do not divide over 2',
  ],
  [
    'a cache that is cut by tokens',
    { mesh: [1, 2], stages: [graphOf({ cache: { numKvHeads: 2, sharding: { ...byHeads, axis: 0 } } })] },
    'states.cache: is cut otherwise than by KV heads',
  ],
  [
    'a group of another size',
    { mesh: [1, 2], stages: [graphOf({ gathers: 3 })] },
    'joins the parts of 3 devices, but there are 2 along mesh axis 1',
  ],
])('refuses %s', (_what, program, message) => {
  expect(() => validateProgram(program)).toThrow(message);
});

test('takes a cut along any axis', () => {
  const builder = new GraphBuilder('g');
  builder.parameter('w', [2, 3, 4], null, { sharding: { axis: 1, meshAxis: 1, size: 6 } });
  expect(validateProgram({ mesh: [1, 2], stages: [builder.build({})] }).stages).toHaveLength(1);
});

test('refuses an output that differs from device to device', () => {
  const graph = graphOf();
  const beforeGather = { ...graph, outputs: { y: '%3' } };
  const message = 'output y: "%3" differs from device to device: gather it';
  expect(() => validateProgram({ mesh: [1, 2], stages: [beforeGather] })).toThrow(message);
  const along0 = graph.nodes.map((node) =>
    node.op === 'all_gather' ? { ...node, attrs: { meshAxis: 0, devices: 2 } } : node,
  );
  const stages = [{ ...graph, nodes: along0 }];
  expect(() => validateProgram({ mesh: [2, 2], stages })).toThrow('differs from device to device');
  expect(() => validateProgram({ mesh: [1, 2], stages: [{ ...graph, outputs: { w: 'w' } }] })).toThrow('output w');
});

describe('stages', () => {
  const hidden = { dtype: 'float32' as const, shape: ['N' as const, 4] };
  const first = () => {
    const builder = new GraphBuilder('first');
    const table = builder.parameter('w', [11, 4]);
    return builder.build({ hidden: builder.node('gather_rows', {}, [table, builder.input('tokens')]) });
  };
  const second = (received = 'hidden', type = hidden, output = 'logits') => {
    const builder = new GraphBuilder('second');
    const x = builder.receive(received, type);
    return builder.build({ [output]: builder.node('mul', {}, [x, x]) });
  };
  const withState = (name: string) => {
    const builder = new GraphBuilder('state');
    const attrs = { state: builder.state('s', { kind: 'kv_cache', numKvHeads: 1, headDim: 4, stored: null }) };
    const heads = builder.node('reshape', { shape: ['N', 1, 4] }, [builder.receive('hidden', hidden)]);
    const places = [builder.input('slot'), builder.input('cacheIndex')];
    const options = {
      scale: 1,
      mask: 'causal',
      window: null,
      chunk: null,
      softcap: null,
      hasSelection: false,
    } as const;
    const out = builder.node('attention', { ...attrs, ...options }, [heads, heads, heads, ...places]);
    return builder.build({ [name]: out });
  };

  test('hand their outputs to later ones, also in JSON', () => {
    const program = { mesh: [1, 1], stages: [first(), second()] };
    expect(validateProgram(program)).toEqual(program);
    expect(validateProgram(JSON.parse(JSON.stringify(program)))).toEqual(program);
    expect(printGraph(second())).toContain('received hidden float32[N, 4]');
  });

  test.each<[what: string, stages: Graph[], message: string]>([
    ['a value that nobody gives', [second()], 'stage 0, received hidden: is no output of an earlier stage'],
    ['a value that comes later', [second(), first()], 'stage 0, received hidden: is no output of an earlier stage'],
    [
      'a value of another shape',
      [first(), second('hidden', { dtype: 'float32', shape: ['N', 5] })],
      'stage 1, received hidden: is declared float32[N, 5], but float32[N, 4] is given',
    ],
    [
      'two outputs of one name',
      [first(), second('hidden', hidden, 'hidden')],
      'stage 1, output hidden: is one of an earlier stage already',
    ],
    [
      'a state that two stages use',
      [first(), withState('a'), withState('b')],
      'stage 2, state s: belongs to an earlier stage',
    ],
  ])('are refused for %s', (_what, stages, message) => {
    expect(() => validateProgram({ mesh: [1, 1], stages })).toThrow(message);
  });
});
