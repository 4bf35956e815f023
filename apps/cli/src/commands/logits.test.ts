import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { type ReadTensor, readTensors } from '../testing/read-tensors.ts';
import { runHere } from '../testing/run-here.ts';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import { vocabSize, writeTinyModel } from '../testing/tiny-model.ts';

const folder = await temporaryFolder();
const model = await writeTinyModel(join(folder, 'model'));
const ids = [5, 6, 7, 8];

async function logits(name: string, ...args: string[]): Promise<Record<string, ReadTensor>> {
  const out = join(folder, `${name}.safetensors`);
  const ran = await runHere('logits', model, '--out', out, '--threads', '1', ...args);
  expect(ran).toMatchObject({ exitCode: 0, stderr: '' });
  return readTensors(out);
}

function row(tensor: ReadTensor | undefined, i: number): number[] {
  return tensor?.numbers.slice(i * vocabSize, (i + 1) * vocabSize) ?? [];
}

function argmax(numbers: readonly number[]): number {
  return numbers.indexOf(Math.max(...numbers));
}

test('a row for every token', async () => {
  const { logits: found, ...others } = await logits('rows', '--ids', ids.join());
  expect(found).toMatchObject({ dtype: 'float32', shape: [4, vocabSize] });
  expect(found?.numbers.every(Number.isFinite)).toBe(true);
  expect(others).toEqual({});
});

test('greedy steps: each token is the likeliest so far, its row follows it', async () => {
  const decoded = await logits('decoded', '--ids', ids.join(), '--decode', '3', '--weight-dtype', 'float32');
  const generated = decoded.generated_ids?.numbers ?? [];
  expect(decoded.generated_ids).toMatchObject({ dtype: 'int32', shape: [3] });
  expect(decoded.decode_logits).toMatchObject({ dtype: 'float32', shape: [3, vocabSize] });
  expect(generated[0]).toBe(argmax(row(decoded.logits, 3)));
  expect(generated.slice(1)).toEqual([0, 1].map((i) => argmax(row(decoded.decode_logits, i))));
  // The same tokens in one prefill: the cache changes nothing.
  const whole = await logits('whole', '--ids', [...ids, ...generated].join(), '--weight-dtype', 'float32');
  row(decoded.decode_logits, 2).forEach((logit, i) => {
    expect(logit).toBeCloseTo(row(whole.logits, 6)[i] ?? Number.NaN, 3);
  });
});

test('positions and ids from files', async () => {
  await writeFile(join(folder, 'ids.json'), JSON.stringify(ids));
  await writeFile(join(folder, 'positions.json'), JSON.stringify([0, 1, 2, 3]));
  await writeFile(join(folder, 'jump.json'), JSON.stringify([0, 1, 2, 30]));
  const fromFile = (name: string) => ['--ids', `@${join(folder, 'ids.json')}`, '--positions', join(folder, name)];
  const plain = await logits('plain', '--ids', ids.join());
  expect(await logits('same', ...fromFile('positions.json'))).toEqual(plain);
  const jumped = await logits('jumped', ...fromFile('jump.json'));
  expect(row(jumped.logits, 2)).toEqual(row(plain.logits, 2));
  expect(row(jumped.logits, 3)).not.toEqual(row(plain.logits, 3));
});

test('tells what it wrote', async () => {
  const out = join(folder, 'told.safetensors');
  const { stdout } = await runHere('logits', model, '--ids', '5,6', '--decode', '1', '--out', out, '--json');
  expect(JSON.parse(stdout)).toMatchObject({
    out,
    tensors: [
      { name: 'logits', dtype: 'F32', shape: [2, vocabSize] },
      { name: 'decode_logits', dtype: 'F32', shape: [1, vocabSize] },
      { name: 'generated_ids', dtype: 'I32', shape: [1] },
    ],
  });
});

test('leaves no file behind when it fails', async () => {
  const out = join(folder, 'nothing.safetensors');
  const before = await readdir(folder);
  const ran = await runHere('logits', model, '--ids', `5,${vocabSize}`, '--out', out);
  expect(ran).toMatchObject({ exitCode: 2, stdout: '' });
  expect(ran.stderr).toContain(`is ${vocabSize}, but token ids go from 0 to ${vocabSize - 1}`);
  expect(await readdir(folder)).toEqual(before);
});

test('encoded weights are kept for the next time; where they cannot be, a line says so', async () => {
  const of = ['--ids', ids.join(), '--weight-dtype', 'int8'];
  vi.stubEnv('TTTV2_CACHE', join(folder, 'cache'));
  const first = await logits('first', ...of);
  expect((await readdir(join(folder, 'cache', 'encoded'))).filter((name) => name.endsWith('.weights'))).toHaveLength(1);
  expect(await logits('second', ...of)).toEqual(first);
  vi.stubEnv('TTTV2_CACHE', join(folder, 'ids.json'));
  const { exitCode, stderr } = await runHere('logits', model, '--out', join(folder, 'third'), '--threads', '1', ...of);
  vi.unstubAllEnvs();
  expect(exitCode).toBe(0);
  expect(stderr).toMatch(/^warning: encoded weights are not kept: E.*\n$/);
});
