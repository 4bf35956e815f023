import { cpuBackend } from '@tttv2/backend-cpu';
import { buildModel } from '@tttv2/blocks';
import { type Graph, validate } from '@tttv2/graph';
import { type HardwareConfig, type ModelSpec, uniformModelSpec } from '@tttv2/spec';
import { maxAbsError } from '@tttv2/testing';
import { describe, expect, test } from 'vitest';
import { buildProgram } from '../build-program.ts';
import { biased, llama, runProgram, sixteenHeads, weightsOf } from '../testing/sixteen-heads.ts';
import { fuseProjections } from './fuse-projections.ts';
import { tensorParallel } from './tensor-parallel.ts';

function products({ nodes }: Graph): string[] {
  return nodes.flatMap(({ op, scope }) => (op === 'linear' || op === 'matmul' ? [scope] : []));
}

function run(spec: ModelSpec, stage: Graph, devices = 1) {
  return runProgram({ mesh: [1, devices], stages: [validate(stage)] }, spec);
}

describe.each(Object.entries(sixteenHeads))('%s', (_name, options) => {
  const spec = uniformModelSpec(options);
  const graph = buildModel(spec);
  const whole = run(spec, graph);

  test('one product makes queries, keys and values, one gates and ups; the logits stay', async () => {
    const fused = fuseProjections(graph);
    expect(products(fused).filter((scope) => scope.startsWith('layers.1'))).toEqual(
      ['mixer/q+k+v', 'mixer/o', options.useGate === false ? 'ffn/up' : 'ffn/gate+up', 'ffn/down'].map(
        (scope) => `layers.1/${scope}`,
      ),
    );
    expect(maxAbsError((await run(spec, fused)).logits, (await whole).logits)).toBeLessThan(1e-5);
  });

  test.each([2, 4])('cut over %i devices before, each joins its parts', async (devices) => {
    const fused = fuseProjections(tensorParallel(graph, devices));
    const { parameters } = fused;
    const rows = parameters['layers.0.mixer.q+k+v.weight']?.shape[0];
    expect(rows).toBe((128 + 2 * 8 * (options.numKvHeads ?? 0)) / devices);
    expect(maxAbsError((await run(spec, fused, devices)).logits, (await whole).logits)).toBeLessThan(1e-5);
  });

  test('cut over 2 devices after, it is right, too', async () => {
    const fused = tensorParallel(fuseProjections(graph), 2);
    expect(maxAbsError((await run(spec, fused, 2)).logits, (await whole).logits)).toBeLessThan(1e-5);
  });
});

test('a joined weight says whose rows it has, and keeps how they are to be stored', () => {
  const graph = buildModel(uniformModelSpec({ ...llama, ...biased }));
  const stored = Object.fromEntries(
    Object.entries(graph.parameters).map(([name, one]) => [name, { ...one, stored: 'q8_0' as const }]),
  );
  const { parameters } = fuseProjections({ ...graph, parameters: stored });
  expect(parameters['layers.0.mixer.q+k+v.weight']).toMatchObject({ shape: [192, 128], stored: 'q8_0' });
  expect(parameters['layers.0.mixer.q+k+v.bias']?.parts?.map(({ from, shape }) => [from, shape])).toEqual([
    ['layers.0.mixer.q.bias', [128]],
    ['layers.0.mixer.k.bias', [32]],
    ['layers.0.mixer.v.bias', [32]],
  ]);
  expect(parameters['layers.0.mixer.q.weight']).toBeUndefined();
});

test('what is stored otherwise, or not alike, stays apart', () => {
  const graph = buildModel(uniformModelSpec(llama));
  const { 'layers.0.mixer.k.weight': k, ...others } = graph.parameters;
  if (k === undefined) throw new Error('no weight');
  const mixed = { ...graph, parameters: { ...others, 'layers.0.mixer.k.weight': { ...k, stored: 'q8_0' as const } } };
  expect(products(fuseProjections(mixed)).slice(0, 3)).toEqual([
    'layers.0/mixer/q+v',
    'layers.0/mixer/k',
    'layers.0/mixer/o',
  ]);
  const isGate = (names: readonly string[]) => names.some((name) => name.includes('gate'));
  expect(products(fuseProjections(graph, isGate)).slice(0, 5)).toEqual(
    ['mixer/q', 'mixer/k', 'mixer/v', 'mixer/o', 'ffn/gate+up'].map((scope) => `layers.0/${scope}`),
  );
});

test.each<Partial<HardwareConfig>>([
  {},
  { weightDtype: 'int8' },
  { weightDtype: 'int4', precision: { wqkv: 'int8', ff1_3: 'float32' } },
])('a CPU computes with joined weights what it does with single ones: %j', async (given) => {
  const spec = uniformModelSpec({ ...llama, ...biased });
  const logitsOf = async (useFusedKernels: boolean | undefined) => {
    const hardware = { ...given, deviceType: 'cpu', ...(useFusedKernels === undefined ? {} : { useFusedKernels }) };
    const program = buildProgram(spec, cpuBackend, hardware, weightsOf(spec));
    const joined = Object.keys(program.stages[0]?.parameters ?? {}).filter((name) => name.includes('+'));
    const { logits, memory } = await runProgram(program, spec, cpuBackend, hardware);
    return { logits, joined, bytes: memory.ownWeights };
  };
  const [one, fused] = [await logitsOf(undefined), await logitsOf(true)];
  expect([one.joined.length, fused.joined.length]).toEqual([0, 8]);
  expect(fused.bytes).toBe(one.bytes);
  expect(maxAbsError(fused.logits, one.logits)).toBeLessThan(1e-5);
});
