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
    model_type: 'llama',
    hidden_size: 64,
    intermediate_size: 96,
    num_hidden_layers: 4,
    num_attention_heads: 2,
    num_key_value_heads: 1,
    vocab_size: 100,
    max_position_embeddings: 64,
  }),
);

test('prints a module of ttnn calls, its equal layers in a loop', async () => {
  const { exitCode, stdout, stderr } = await runHere('emit', config, '--device', 'n150');
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  expect(stdout).toMatch(/^"""config\.json, for n150\n/);
  expect(stdout).toContain("\n    for i in range(4):\n        x = layer_decode(w, f'layers.{i}', x, caches, step)");
});

test('writes it to a file', async () => {
  const out = join(folder, 'model.py');
  expect(await runHere('emit', config, '--device', 'p150', '--out', out)).toMatchObject({ exitCode: 0, stdout: '' });
  expect(await readFile(out, 'utf8')).toMatch(/^"""config\.json, for p150\n/);
});

test('prints as JSON the settings in force, the weights and the module', async () => {
  const { stdout } = await runHere('emit', config, '--device', 'n150', '--weight-dtype', 'bfloat8_b', '--json');
  const { hardware, weights, module } = JSON.parse(stdout);
  expect(hardware).toMatchObject({ deviceType: 'n150', weightDtype: 'bfloat8_b', kvCacheDtype: 'bfloat16' });
  const down = { name: 'layers.3.ffn.down.weight', shape: [96, 64], dtype: 'bfloat8_b', layout: 'tile' };
  expect(weights).toContainEqual(down);
  expect(module).toContain('import ttnn\n');
});

test.each([
  [
    ['--device', 'grayskull'],
    'there is no Tenstorrent board "grayskull": ttnn has dropped Grayskull; there is n150, p150',
  ],
  [['--device', 'n150', '--weight-dtype', 'q4_k'], 'weightDtype "q4_k" cannot be honoured'],
  [[], '--device is missing'],
])('%j is refused by name', async (args, message) => {
  const { exitCode, stderr } = await runHere('emit', config, ...args);
  expect(exitCode).toBe(2);
  expect(stderr).toContain(message);
});
