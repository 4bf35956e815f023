import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runHere } from '../testing/run-here.ts';
import { temporaryFolder } from '../testing/temporary-folder.ts';

const folder = await temporaryFolder();
const config = join(folder, 'config.json');
await writeFile(
  config,
  JSON.stringify({
    ...{ model_type: 'llama', hidden_size: 4096, intermediate_size: 14336, vocab_size: 128256 },
    ...{ num_hidden_layers: 32, num_attention_heads: 32, num_key_value_heads: 8, max_position_embeddings: 131072 },
  }),
);
const plan = (...args: string[]) => runHere('plan', config, ...args);

test('what fits: its parts with bars, within 80 columns', async () => {
  const { exitCode, stdout } = await plan('--device', 'n300', '--weight-dtype', 'bfloat8_b', '--context', '8k');
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^config\.json on n300 \(Tenstorrent Wormhole n300\): fits\n/);
  expect(stdout).toContain('a sequence of 8192 tokens\ncut over its 2 devices, 12.0 GB each');
  expect(stdout).toMatch(/ {2}layers 0–31 +3\.7 GB +536\.9 MB {2}█+·+\n/);
  for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
});

test('what does not fit: where room ends, and what fits instead', async () => {
  const { exitCode, stdout } = await plan('--device', 'n150');
  expect(exitCode).toBe(3);
  expect(stdout).toContain('first without room: weights of layer 23, ');
  expect(stdout).toMatch(/what fits instead:\n {2}--weight-dtype bfloat8_b /);
  for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
});

test('all devices, one line each', async () => {
  const { exitCode, stdout } = await plan('--all', '--weight-dtype', 'bfloat8_b');
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/\ncpu +cpu: weightDtype "bfloat8_b" is not one that it has/);
  expect(stdout).toMatch(/\nn150 +fits .*\n.*\nt3k +fits .* 8 × 12\.0 GB/);
});

test('JSON says the same', async () => {
  const { stdout } = await plan('--device', 't3k', '--kv-cache-dtype', 'bfloat8_b', '--batch', '2', '--json');
  const shown = JSON.parse(stdout);
  expect(shown).toMatchObject({ fits: true, misfit: null, demand: { context: 2048, batch: 2 } });
  expect(shown.need).toMatchObject({ kvCacheDtype: 'bfloat8_b', states: 32 * 2 * 2 * 2048 * 128 * 1.0625 });
});

test('groups of weights are held as --precision says, by a preset each device in its own', async () => {
  const weights = async (...args: string[]) => {
    const { stdout } = await plan('--device', 'n300', '--json', ...args);
    return JSON.parse(stdout).need.weights;
  };
  const ff2 = 32 * 4096 * (14336 / 2);
  const saved = ff2 * (2 - 1.0625);
  expect((await weights()) - (await weights('--precision', 'ff2=bfloat8_b'))).toBe(saved);
  const { stdout } = await plan('--device', 'n300', '--precision', 'performance');
  expect(stdout.replaceAll('\n', ' ')).toContain('weights in bfloat16, ff1_3 in bfloat4_b, ff2 in bfloat8_b');
  expect(stdout).toContain('cache in bfloat8_b');
  const { stderr } = await plan('--device', 'n300', '--precision', 'ff2=int8');
  expect(stderr).toContain('n300: precision "int8" is not one that it has');
});

test('weights of a configuration alone are as it says, or are said to be assumed', async () => {
  const of = async (keys: object) => {
    const file = join(folder, 'typed.json');
    await writeFile(file, JSON.stringify({ ...JSON.parse(await readFile(config, 'utf8')), ...keys }));
    const [{ stdout }, { stdout: json }] = [await runHere('plan', file), await runHere('plan', file, '--json')];
    return { settings: stdout.split('\n')[1], ...JSON.parse(json) };
  };
  const [wide, narrow, unsaid] = [await of({ torch_dtype: 'float32' }), await of({ dtype: 'float16' }), await of({})];
  expect(wide.need.weights).toBe(2 * narrow.need.weights - 4 * (2 * 32 + 1) * 4096);
  expect(unsaid.stored).toEqual({ dtype: 'bfloat16', isAssumed: true });
  expect(wide.settings).toContain('weights as they are stored (float32)');
  expect(unsaid.settings).toContain('(taken for bfloat16: nothing says how)');
});

test('a file may describe the device', async () => {
  const file = join(folder, 'device.json');
  const described = { name: 'mine', description: 'two of mine', cores: null, memoryBytes: 20e9, bandwidth: null };
  await writeFile(file, JSON.stringify({ ...described, mesh: [1, 2] }));
  expect(await plan('--device', file)).toMatchObject({ exitCode: 0 });
  await writeFile(file, JSON.stringify({ ...described, mesh: [1] }));
  const { exitCode, stderr } = await plan('--device', file);
  expect(exitCode).toBe(2);
  expect(stderr).toContain('mesh');
});

test.each([
  [['--device', 'n30'], 'there is no device "n30" to plan for; did you mean n300?'],
  [['--device', 'n300', '--context', '8q'], '--context: must be a whole number of at least 1, or one such as 8k'],
  [['--context', '1m'], 'the model has a context of 131072 tokens, found 1048576'],
  [['--device', 't3k', '--tensor-parallel-size', '3'], '32 heads cannot be cut over 3 devices'],
])('%j is refused', async (args, message) => {
  const { exitCode, stderr } = await plan(...args);
  expect(exitCode).toBe(2);
  expect(stderr).toContain(message);
});
