import { copyFile, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readSafetensorsHeader } from '@tttv2/hf';
import { localFiles } from '@tttv2/hf/node';
import { describe, expect, test } from 'vitest';
import { type Planned, SafetensorsWriter } from '../safetensors-writer.ts';
import { writeGoldenModel } from '../testing/golden-model.ts';
import { runHere } from '../testing/run-here.ts';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import { writeBeside } from '../write-beside.ts';

const folder = await temporaryFolder();
const model = await writeGoldenModel(join(folder, 'model'), 'llama');

function verify(name: string, ...args: string[]) {
  return runHere('verify', name, '--against', 'golden', '--threads', '1', ...args);
}

/** The model with one number of one tensor made another. */
async function corrupted(tensor: string, number: number): Promise<string> {
  const copy = join(folder, tensor);
  await writeGoldenModel(copy, 'llama');
  const opened = await (await localFiles(copy)).open('model.safetensors');
  const { offset = 0 } = (await readSafetensorsHeader(opened, 'model.safetensors')).get(tensor) ?? {};
  await opened.close();
  const file = await open(join(copy, 'model.safetensors'), 'r+');
  await file.write(new Uint8Array(Float32Array.of(number).buffer), 0, 4, offset);
  await file.close();
  return copy;
}

test('a model agrees with what transformers computed', async () => {
  const { stdout, stderr, exitCode } = await verify(model);
  expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
  expect(stdout.replaceAll(/\d\.\de-\d/g, '#.#e-#')).toBe(`24 tokens on cpu, weights as float32

scope      max abs error        PCC
embedding         0.0e+0   1.000000
layers.0          #.#e-#   1.000000
layers.1          #.#e-#   1.000000
finalNorm         #.#e-#   1.000000
logits            #.#e-#   1.000000

Agrees: no output is further off than 0.0002.
`);
});

test('--json has the numbers', async () => {
  const { stdout } = await verify(model, '--json');
  const { outputs, ...verified } = JSON.parse(stdout);
  expect(verified).toEqual({
    against: 'golden',
    golden: 'model/golden.safetensors',
    tokens: 24,
    device: 'cpu',
    mode: 'device',
    weightDtype: 'float32',
    tolerance: 2e-4,
    divergence: null,
  });
  expect(outputs).toHaveLength(5);
  expect(outputs[0]).toEqual({ scope: 'embedding', within: ['embedding'], maxAbsError: 0, pcc: expect.closeTo(1) });
  expect(outputs[3]).toMatchObject({ scope: 'finalNorm', within: ['layers.2', 'finalNorm'] });
});

test.each([
  ['model.layers.0.self_attn.o_proj.weight', 'layers.0'],
  ['model.layers.1.mlp.down_proj.weight', 'layers.1'],
  ['model.layers.2.input_layernorm.weight', 'layers.2 or finalNorm'],
  ['model.norm.weight', 'layers.2 or finalNorm'],
  ['lm_head.weight', 'lmHead'],
])('one wrong number in %s is found in %s', async (tensor, place) => {
  const { stdout, stderr, exitCode } = await verify(await corrupted(tensor, 3));
  expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 1 });
  expect(stdout).toContain(`Diverges first in ${place}: by `);
});

test('what is not a number agrees with nothing', async () => {
  const wrong = await corrupted('model.layers.1.self_attn.v_proj.weight', Number.NaN);
  expect(await verify(wrong, '--tolerance', '1000')).toMatchObject({
    exitCode: 1,
    stdout: expect.stringContaining('Diverges first in layers.1: it holds what is not a number.'),
  });
  const { divergence } = JSON.parse((await verify(wrong, '--json')).stdout);
  expect(divergence).toEqual({ scope: 'layers.1', within: ['layers.1'], maxAbsError: null, pcc: null });
});

test('shorter weights are held to a tolerance of their own', async () => {
  const args = ['--weight-dtype', 'bfloat16', '--json'];
  const strict = await verify(model, ...args);
  expect(strict.exitCode).toBe(1);
  expect(JSON.parse(strict.stdout)).toMatchObject({ weightDtype: 'bfloat16', divergence: { scope: 'embedding' } });
  expect((await verify(model, ...args, '--tolerance', '0.1')).exitCode).toBe(0);
});

describe('a golden file that is none of this model', () => {
  const ids: Planned = { name: 'input_ids', dtype: 'I32', shape: [3] };
  const logits: Planned = { name: 'logits', dtype: 'F32', shape: [3, 256] };
  const state = (i: number, ...shape: number[]): Planned => ({ name: `hidden_states.${i}`, dtype: 'F32', shape });

  async function written(plan: readonly Planned[], id = 7): Promise<string> {
    const path = join(folder, 'golden.safetensors');
    await writeBeside(path, async (file) => {
      const writer = await SafetensorsWriter.begin(file, plan);
      for (const { dtype, shape } of plan) {
        const count = shape.reduce((a, b) => a * b, 1);
        await writer.write(dtype === 'I32' ? new Int32Array(count).fill(id) : new Float32Array(count));
      }
      writer.end();
    });
    return path;
  }

  test.each<[string, Planned[], number, RegExp]>([
    ['no ids', [logits], 7, /has no tensor "input_ids": a golden file holds input_ids, logits, and/],
    ['no logits', [ids], 7, /has no tensor "logits"/],
    ['ids in rows', [{ ...ids, shape: [1, 3] }, logits], 7, /input_ids are \[1, 3\], but must be \[N\]/],
    ['ids that are no integers', [{ ...ids, dtype: 'F32' }, logits], 7, /input_ids are float32, but must be int32/],
    ['an id beyond', [ids, logits], 256, /input_ids hold 256, but ids of the model go from 0 to 255/],
    ['another vocabulary', [ids, { ...logits, shape: [3, 300] }], 7, /are \[3, 300\].* has a vocabulary of 256/],
    [
      'more rows than tokens',
      [ids, { ...logits, shape: [4, 256] }],
      7,
      /\[4, 256\], but must be \[R, 256\].* 3 tokens/,
    ],
    [
      'fewer layers',
      [ids, logits, state(0, 3, 64)],
      7,
      /has 1 hidden states, but the model has 4, one more than layers/,
    ],
    [
      'another hidden size',
      [ids, logits, ...[0, 1, 2, 3].map((i) => state(i, 3, 32))],
      7,
      /hidden_states.0 are \[3, 32\], but the model has a hidden size of 64/,
    ],
  ])('%s', async (_what, plan, id, message) => {
    const { exitCode, stdout, stderr } = await verify(model, '--golden', await written(plan, id));
    expect(stderr).toMatch(message);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  });

  test('without hidden states, logits alone are compared', async () => {
    const path = await written([ids, logits]);
    const { exitCode, stdout } = await verify(model, '--golden', path, '--json');
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ tokens: 3, outputs: [{ scope: 'logits', pcc: null }] });
    expect((await verify(model, '--golden', path)).stdout).toContain('Diverges first in embedding … lmHead: by');
  });
});

test('what is missing is told', async () => {
  const bare = await writeGoldenModel(join(folder, 'bare'), 'llama');
  await rm(join(bare, 'golden.safetensors'));
  expect(await verify(bare)).toMatchObject({
    exitCode: 2,
    stderr: expect.stringMatching(/bare: has no golden.safetensors.*--golden FILE/),
  });
  expect(await verify(bare, '--golden', join(bare, 'no.safetensors'))).toMatchObject({
    exitCode: 2,
    stderr: expect.stringMatching(/--golden: there is no file .*no.safetensors/),
  });
  expect(await verify(bare, '--golden', model)).toMatchObject({
    exitCode: 2,
    stderr: expect.stringMatching(/--golden: .*model is a folder/),
  });
  expect(await verify(join(model, 'config.json'))).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('has no weights to verify'),
  });
  await copyFile(join(model, 'config.json'), join(bare, 'golden.safetensors'));
  expect(await verify(bare)).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('it is not safetensors') });
  expect(await runHere('verify', model)).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('--against is missing: give one of golden'),
  });
});
