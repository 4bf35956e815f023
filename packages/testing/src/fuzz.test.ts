import { type Backend, referenceBackend } from '@tttv2/graph';
import { expect, test } from 'vitest';
import { type FuzzVariant, fuzzCase, runFuzzCase } from './fuzz.ts';

const variants: FuzzVariant[] = [
  { hardware: { deviceType: 'reference' }, stored: [null], cacheStored: [null], tolerance: 1e-6 },
];
const seeds = Array.from({ length: 60 }, (_, seed) => seed);

/** How many of the seeds a backend passes, and what it fails with. */
async function runAll(backend: Backend): Promise<{ passed: number; errors: string[] }> {
  const runs = await Promise.allSettled(seeds.map((seed) => runFuzzCase(backend, fuzzCase(seed, variants))));
  const errors = runs.flatMap((run) => (run.status === 'rejected' ? [String(run.reason)] : []));
  return { passed: runs.length - errors.length, errors };
}

test('the reference is as near to itself as can be', async () => {
  expect(await runAll(referenceBackend)).toEqual({ passed: seeds.length, errors: [] });
});

test('an op that is a hundredth off is found, with the seed and the graph', async () => {
  const off: Backend = {
    ...referenceBackend,
    compile: (program, ...rest) => {
      const stages = program.stages.map((graph) => ({
        ...graph,
        nodes: graph.nodes.map((node) =>
          node.op === 'affine' ? { ...node, attrs: { ...node.attrs, offset: node.attrs.offset + 0.01 } } : node,
        ),
      }));
      return referenceBackend.compile({ ...program, stages }, ...rest);
    },
  };
  const { errors } = await runAll(off);
  expect(errors.length).toBeGreaterThan(0);
  expect(errors[0]).toMatch(/is .*, expected .* ± [\s\S]*seed \d+ [\s\S]*graph random/);
});
