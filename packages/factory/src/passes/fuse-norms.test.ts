import { buildModel } from '@tttv2/blocks';
import { type Graph, GraphBuilder, validate } from '@tttv2/graph';
import { uniformModelSpec } from '@tttv2/spec';
import { maxAbsError } from '@tttv2/testing';
import { expect, test } from 'vitest';
import { llama, runProgram } from '../testing/sixteen-heads.ts';
import { fuseNorms } from './fuse-norms.ts';
import { tensorParallel } from './tensor-parallel.ts';

const gemma = uniformModelSpec({
  ...{ ...llama, normWeight: 'one_plus', postNorm: true },
  qkNorm: { norm: { normType: 'rms_norm', normEps: 1e-6, useBias: false, weight: 'one_plus' }, scope: 'per_head' },
});

function affineNodes({ nodes }: Graph): number {
  return nodes.filter(({ op }) => op === 'affine').length;
}

test.each([1, 4])('weights to which 1 is added are computed once: the logits stay, on %i devices', async (devices) => {
  const graph = buildModel(gemma);
  const fused = validate(fuseNorms(graph));
  expect([affineNodes(graph), affineNodes(fused)]).toEqual([13, 0]);
  expect(fused.parameters['layers.1.mixer.q.norm.weight']?.affine).toEqual({ scale: 1, offset: 1 });
  const one = await runProgram({ mesh: [1, 1], stages: [graph] }, gemma);
  const stage = devices === 1 ? fused : tensorParallel(fused, devices);
  const many = await runProgram({ mesh: [1, devices], stages: [stage] }, gemma);
  expect(one.logits.some((value) => Math.abs(value) > 1)).toBe(true);
  expect(maxAbsError(many.logits, one.logits)).toBeLessThan(1e-5);
});

test('a weight that is read besides, or is more than a norm reads, stays', () => {
  const builder = new GraphBuilder('g');
  const weight = builder.parameter('w', [4]);
  const shifted = builder.node('affine', { scale: 1, offset: 1 }, [weight]);
  const x = builder.node('gather_rows', {}, [builder.parameter('table', [5, 4]), builder.input('tokens')]);
  const y = builder.node('rms_norm', { eps: 1e-6 }, [x, shifted]);
  const twice = builder.node('mul', {}, [y, shifted]);
  for (const outputs of [{ y: twice }, { y, w: weight }, { y, shifted }])
    expect(affineNodes(validate(fuseNorms(builder.build(outputs))))).toBe(1);
});
