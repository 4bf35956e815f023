import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runHere } from '../testing/run-here.ts';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import { writeTinyModel } from '../testing/tiny-model.ts';

const model = await writeTinyModel(join(await temporaryFolder(), 'model'));

test('prints layers that are alike once, or all', async () => {
  const folded = await runHere('graph', model);
  expect(folded).toMatchObject({ exitCode: 0, stderr: '' });
  expect(folded.stdout).toContain('layers.1–2/ × 2 like layers.0\n');
  const full = await runHere('graph', model, '--full');
  expect(full.stdout).toContain('\nlayers.2/\n');
});

test('prints what the device gets', async () => {
  const parse = async (...args: string[]) => JSON.parse((await runHere('graph', model, '--json', ...args)).stdout);
  const stored = ({ parameters }: { parameters: Record<string, { stored: string | null }> }) =>
    parameters['layers.0.mixer.q.weight']?.stored;
  expect(stored(await parse())).toBe(null);
  expect(stored(await parse('--after', 'weight-dtype', '--weight-dtype', 'float16'))).toBe('float16');
  expect(stored(await parse('--after', 'all', '--weight-dtype', 'float16'))).toBe('float16');
});

test('names the passes there are', async () => {
  const { exitCode, stderr } = await runHere('graph', model, '--after', 'fuse');
  expect(exitCode).toBe(2);
  expect(stderr).toContain('--after: there is no pass "fuse"; there is weight-dtype,');
});

test('cuts for a board that is not here, into parts and into stages', async () => {
  const cut = await runHere(
    'graph',
    model,
    '--device',
    't3k',
    '--tensor-parallel-size',
    '2',
    '--after',
    'tensor-parallel',
  );
  expect(cut).toMatchObject({ exitCode: 0, stderr: '' });
  expect(cut.stdout).toContain('all_reduce(');
  const args = ['--pipeline-parallel-size', '2', '--after', 'pipeline-stages'];
  const staged = await runHere('graph', model, ...args);
  expect(staged).toMatchObject({ exitCode: 0, stderr: '' });
  expect(staged.stdout.match(/^graph /gm)).toHaveLength(2);
  expect(staged.stdout).toMatch(/^received layers\.\d+ float32\[N, \d+\]$/m);
  const stages: unknown[] = JSON.parse((await runHere('graph', model, '--json', ...args)).stdout);
  expect(stages).toHaveLength(2);
});
