import { type Graph, GraphBuilder, scopesOf } from '@tttv2/graph';
import { fuzzCase, tinyDecoder } from '@tttv2/testing';
import { describe, expect, test } from 'vitest';
import { emitModule } from './emit-module.ts';
import { phases } from './phase.ts';
import { lowered } from './testing/lowered.ts';
import { notLowered } from './testing/not-lowered.ts';
import { oneLayer } from './testing/one-layer.ts';
import { functionNames, pythonFaults } from './testing/python-faults.ts';

function moduleOf(graph: Graph, taps: readonly string[] = []): string {
  return emitModule(lowered(graph, taps), graph.name).text;
}

function layers(count: number): Graph {
  return oneLayer({ windows: Array.from({ length: count }, () => null) });
}

/** Lines that call a layer, loops with what they repeat. */
function layerCalls(module: string, phase: 'prefill' | 'decode'): string[] {
  const entry = module.slice(module.indexOf(`\ndef ${phase}(`));
  const body = entry.slice(0, entry.indexOf('\n    return'));
  return body
    .split('\n')
    .filter((line) => /for i in|layers\./.test(line))
    .map((line) => line.trim());
}

/** Layers of one op, and the sum of the last with what the first `depth` of them have made. */
function row(indexes: readonly number[], depth = indexes.length): Graph {
  const builder = new GraphBuilder('row');
  const made = [builder.node('gather_rows', {}, [builder.parameter('table', [9, 8]), builder.input('tokens')])];
  for (const index of indexes)
    made.push(builder.scope(`layers.${index}`, () => builder.node('sqrt', {}, [made.at(-1) ?? ''])));
  return builder.build({ sum: builder.node('add', {}, [made.at(-1) ?? '', made[depth] ?? '']) });
}

/** How many layers have made each operand of a call, by running the lines before it. */
function layersBefore(module: string, callee: string): (number | undefined)[] {
  const made = new Map<string, number>();
  let times = 1;
  for (const line of module.slice(module.indexOf('\ndef decode(')).split('\n')) {
    const [, target = '', call, args = ''] = /^ +(\w+) = ([\w.]+)\((.*)\)/.exec(line) ?? [];
    const operands = args.split(', ').map((name) => made.get(name));
    if (call === callee) return operands;
    if (call !== undefined) made.set(target, call === 'layer' ? (operands.at(-1) ?? Number.NaN) + times : 0);
    const [, from = 0, to] = /^ {4}for i in range\((?:(\d+), )?(\d+)\)/.exec(line) ?? [];
    times = to === undefined ? 1 : Number(to) - Number(from);
  }
  return [];
}

describe('one layer', () => {
  const module = moduleOf(oneLayer());

  test('reads like this', async () => {
    await expect(module).toMatchFileSnapshot('fixtures/one-layer.py');
    expect(module.trimEnd().split('\n').length).toBeLessThan(150);
    expect(Math.max(...module.split('\n').map((line) => line.length))).toBeLessThanOrEqual(120);
  });

  test('imports ttnn alone', () => {
    expect(module.match(/^.*\bimport\b.*$/gm)).toEqual(['import ttnn']);
  });
});

describe('layers', () => {
  test('that are equal are one function in a loop, however many', () => {
    const few = moduleOf(layers(3));
    expect(moduleOf(layers(30))).toBe(few.replaceAll('range(3)', 'range(30)'));
    expect(functionNames(few)).toEqual(functionNames(moduleOf(oneLayer())));
    expect(layerCalls(few, 'decode')).toEqual([
      'for i in range(3):',
      "x = layer_decode(w, f'layers.{i}', x, caches, step)",
    ]);
  });

  test('end a loop where they differ', () => {
    const module = moduleOf(oneLayer({ windows: [null, null, 7, null, null, null] }));
    expect(layerCalls(module, 'prefill')).toEqual([
      'for i in range(2):',
      "x = layer_prefill(w, f'layers.{i}', x, caches, step)",
      "x = layer_prefill_2(w, 'layers.2', x, caches, step)",
      'for i in range(3, 6):',
      "x = layer_prefill(w, f'layers.{i}', x, caches, step)",
    ]);
    expect(pythonFaults(module)).toEqual([]);
  });

  test('that do not follow each other in their row are called one by one', () => {
    expect(layerCalls(moduleOf(row([0, 1, 5])), 'decode')).toEqual([
      'for i in range(2):',
      "x = layer(w, f'layers.{i}', x)",
      "x = layer(w, 'layers.5', x)",
    ]);
  });

  test.each([0, 1, 2])('leave what somebody reads later: what %i of 3 have made', (depth) => {
    expect(layersBefore(moduleOf(row([0, 1, 2], depth)), 'ttnn.add')).toEqual([3, depth]);
  });

  test('whose output is tapped stay in the loop', () => {
    expect(moduleOf(layers(4), ['layers.2'])).toBe(moduleOf(layers(4)));
  });
});

/** Names of scopes that Python, the module or its functions use otherwise, or that become the same name. */
const hostile = [
  ...['in', 'lambda', 'nonlocal', 'pass', '3d', 'a-b', 'a_b', 'aB', 'i', 'w', 'at', 'step', 'caches', 'ttnn', 'range'],
  ...['x', 'x2', 'x_2', 'out', 'q', 'q_out', 'q2', 'mixed', 'keys', 'turned', 'qkv', 'prefill', 'decode', 'makeCaches'],
  ...['geluTanh', 'user_shards', 'layers.0', 'layers.1', 'layers.2', 'layer', 'layer_2', 'layer_decode', 'layer2'],
  ...['q_prefill', 'PARAMETERS', 's.1', '-', 'é', 'True', 'layer-decode', 'w.0', 'xs.1'],
];

/** The graph with every part of its scopes under a hostile name. */
function withHostileScopes(graph: Graph, seed: number): Graph {
  const names = new Map<string, string>();
  const rename = (part: string) => {
    const known = names.get(part) ?? hostile[(seed + 7 * names.size) % hostile.length] ?? part;
    names.set(part, known);
    return known;
  };
  const nodes = graph.nodes.map((node) => ({ ...node, scope: node.scope.split('/').map(rename).join('/') }));
  expect(names.size).toBeLessThanOrEqual(hostile.length);
  return { ...graph, nodes };
}

/** The graph with what lies in these scopes in none. */
function flattened(graph: Graph, isFlat: (scope: string) => boolean): Graph {
  return { ...graph, nodes: graph.nodes.map((node) => (isFlat(node.scope) ? { ...node, scope: '' } : node)) };
}

function scopesWithOutput(graph: Graph): string[] {
  return [...scopesOf(graph).values()].flatMap(({ path, output }) => (output === null ? [] : [path]));
}

describe('whatever the graph, Python can run it', () => {
  const plain = {
    hardware: { deviceType: 'n150' },
    stored: [null],
    cacheStored: [null],
    tolerance: null,
    without: notLowered,
  } as const;
  const graphOf = (seed: number) => fuzzCase(seed, [plain]).graph;
  const seeds = Array.from({ length: 200 }, (_, seed) => seed);

  test.each<[what: string, graphOf: (seed: number) => Graph]>([
    ['as it is', graphOf],
    ['with hostile scopes', (seed) => withHostileScopes(graphOf(seed), seed)],
    ['half without scopes', (seed) => flattened(graphOf(seed), (scope) => scope.length % 2 === seed % 2)],
  ])('%s, with or without taps', (_, make) => {
    for (const seed of seeds) {
      const graph = make(seed);
      for (const taps of [[], scopesWithOutput(graph)]) {
        const module = moduleOf(graph, taps);
        expect(pythonFaults(module), `seed ${seed}\n${module}`).toEqual([]);
      }
    }
  });

  test('with hostile scopes around the layers of a decoder', () => {
    for (let seed = 0; seed < hostile.length; seed++) {
      const graph = withHostileScopes(tinyDecoder().graph, seed);
      for (const taps of [[], scopesWithOutput(graph)])
        expect(pythonFaults(moduleOf(graph, taps)), moduleOf(graph, taps)).toEqual([]);
    }
  });
});

describe('a tapped scope', () => {
  const { graph } = tinyDecoder();

  test('has no function unless it is a block of its own', () => {
    const module = emitModule(lowered(graph), 'title');
    for (const phase of phases) {
      expect(module.callOf('layers.0/mixer/v', phase)).toBeNull();
      expect(module.callOf('layers.1/ffn/down', phase)).toBeNull();
      expect(module.callOf('layers.1', phase)).toMatchObject({ at: 'layers.1' });
    }
  });

  test.each(scopesWithOutput(graph))('%s becomes a function that the module calls', (scope) => {
    const module = emitModule(lowered(graph, [scope]), 'title');
    for (const phase of phases) {
      const call = module.callOf(scope, phase);
      expect(call).toMatchObject({ at: scope.replaceAll('/', '.') });
      expect(functionNames(module.text)).toContain(call?.function);
      expect(module.text).toMatch(new RegExp(`= ${call?.function}\\(w, |return ${call?.function}\\(w, `));
    }
  });

  test('gives out what a call that does more has made: v of one product for q, k and v', () => {
    const fused = oneLayer();
    const { text, callOf } = emitModule(lowered(fused, ['layers.0/mixer/v']), 'title');
    for (const phase of phases)
      expect(callOf('layers.0/mixer/v', phase)).toEqual({ function: 'v', at: 'layers.0.mixer.v' });
    expect(text).toMatch(/def v\(w, at, x\):.*\n {4}return x\n/);
    expect(text).toMatch(/q, k, v_out = .*nlp_create_qkv_heads/);
    expect(text).toMatch(/v_out = v\(w, f'\{at\}.v', v_out\)/);
  });
});
