import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { CheckpointError } from '@tttv2/spec';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { commit, type HubServer, type HubServerModel, hubServer } from './fixtures/hub-server.node.ts';
import { type HubOptions, hubSettings } from './hub/hub-settings.node.ts';
import { hubFiles } from './hub.node.ts';

const files = {
  'config.json': '{"model_type":"llama"}',
  'model.safetensors': 'weights'.repeat(1000),
  'a.Q4_0.gguf': 'GGUF four',
  'onnx/model.onnx': 'other',
  'quants/b.Q8_0.gguf': 'GGUF eight',
};

let cacheDir: string;
let server: HubServer | undefined;

beforeEach(async () => {
  cacheDir = await mkdtemp(join(tmpdir(), 'tttv2-hub-'));
  for (const name of ['HF_TOKEN', 'HF_TOKEN_PATH', 'HF_ENDPOINT', 'HF_HUB_OFFLINE', 'HF_HUB_CACHE'])
    vi.stubEnv(name, undefined);
  // No test may send a token of this machine's.
  vi.stubEnv('HF_HOME', join(cacheDir, 'home'));
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await server?.close();
  server = undefined;
  await rm(cacheDir, { recursive: true });
});

async function serve(model: HubServerModel): Promise<HubServer> {
  server = await hubServer(model);
  return server;
}

const open = (options: HubOptions, id = 'owner/name') => hubFiles(id, { cacheDir, timeoutMs: 2000, ...options });

const failure = async (work: Promise<unknown>): Promise<CheckpointError> => {
  const error = await work.then(
    () => expect.unreachable('it must fail'),
    (error: unknown) => error,
  );
  if (!CheckpointError.isInstance(error)) throw error;
  return error;
};

test('files are listed at once and downloaded when they are read, once', async () => {
  const { endpoint, requests } = await serve({ files });
  const model = await open({ endpoint });
  expect(model.name).toBe('owner/name');
  expect(await model.list()).toEqual(['config.json', 'model.safetensors', 'a.Q4_0.gguf']);
  expect(await model.has('tokenizer.json')).toBe(false);
  expect(requests).toHaveLength(1);

  expect(await model.readText('config.json')).toBe(files['config.json']);
  expect(await model.readText('config.json')).toBe(files['config.json']);
  expect(requests).toHaveLength(3);

  const weights = await model.open('model.safetensors');
  expect(weights.size).toBe(7000);
  expect(new TextDecoder().decode(await weights.read(7, 7))).toBe('weights');
  expect(await readFile(weights.path ?? '', 'utf8')).toBe(files['model.safetensors']);
  await weights.close();
});

test('the same file asked for twice at a time is downloaded once', async () => {
  const { endpoint, requests } = await serve({ files });
  const model = await open({ endpoint });
  await Promise.all([model.readText('config.json'), model.readText('config.json')]);
  expect(requests.filter((request) => request.includes('config.json'))).toHaveLength(2);
});

test('the cache has the layout of the other Hugging Face tools, and nothing half done in a snapshot', async () => {
  const { endpoint } = await serve({ files });
  await (await open({ endpoint })).readText('config.json');
  expect(await readFile(join(cacheDir, 'models--owner--name', 'refs', 'main'), 'utf8')).toBe(commit);
  expect(await readdir(join(cacheDir, 'models--owner--name', 'snapshots', commit))).toEqual(['config.json']);
  expect(await readdir(join(cacheDir, 'models--owner--name', 'blobs'))).toEqual([]);
});

test('one GGUF file can be named, in a folder, too', async () => {
  const { endpoint } = await serve({ files });
  const model = await open({ endpoint }, 'owner/name/quants/b.Q8_0.gguf');
  expect(await model.list()).toEqual(['b.Q8_0.gguf']);
  expect(await model.readText('b.Q8_0.gguf')).toBe('GGUF eight');
  const { message } = await failure(open({ endpoint }, 'owner/name/c.gguf'));
  expect(message).toBe(
    'owner/name/c.gguf: there is no such file; the .gguf files of this model are: a.Q4_0.gguf, quants/b.Q8_0.gguf',
  );
});

test('progress is told in bytes', async () => {
  const { endpoint } = await serve({ files });
  const onProgress = vi.fn();
  await (await open({ endpoint, onProgress })).readText('model.safetensors');
  expect(onProgress).toHaveBeenLastCalledWith({ file: 'owner/name/model.safetensors', bytes: 7000, totalBytes: 7000 });
});

test('a download that broke off goes on where it ended', async () => {
  const { endpoint, requests } = await serve({ files, cutAfter: 2500 });
  const model = await open({ endpoint });
  const { message } = await failure(model.open('model.safetensors'));
  expect(message).toMatch(/^owner\/name\/model\.safetensors: the hub could not be reached \(.+\): use a folder/);
  expect(await model.readText('model.safetensors')).toBe(files['model.safetensors']);
  expect(requests.at(-1)).toBe(`/owner/name/resolve/${commit}/model.safetensors bytes=2500-`);
});

test('without the hub, the cache is used', async () => {
  const { endpoint } = await serve({ files });
  await (await open({ endpoint })).readText('config.json');
  await server?.close();
  expect(await (await open({ endpoint })).list()).toEqual(['config.json']);
  expect(await (await open({ offline: true })).readText('config.json')).toBe(files['config.json']);
  vi.stubEnv('HF_HUB_OFFLINE', '1');
  expect(await (await open({ revision: commit })).list()).toEqual(['config.json']);
});

test('the environment names cache, hub and token', async () => {
  const { endpoint, requests } = await serve({ files });
  vi.stubEnv('HF_ENDPOINT', `${endpoint}/`);
  vi.stubEnv('HF_HUB_CACHE', cacheDir);
  vi.stubEnv('HF_TOKEN', 'hf_token');
  await (await hubFiles('owner/name')).readText('config.json');
  expect(requests.every((request) => request.endsWith(' with Bearer hf_token'))).toBe(true);
  expect(await readdir(cacheDir)).toEqual(['models--owner--name']);
});

test('HF_HOME holds the cache, and the token that was stored by a login', async () => {
  const { endpoint, requests } = await serve({ files });
  vi.stubEnv('HF_HOME', cacheDir);
  vi.stubEnv('HF_ENDPOINT', endpoint);
  await (await hubFiles('owner/name')).readText('config.json');
  expect(await readdir(cacheDir)).toEqual(['hub']);
  expect(await readdir(join(cacheDir, 'hub'))).toEqual(['models--owner--name']);
  expect(requests.some((request) => request.includes(' with '))).toBe(false);

  await writeFile(join(cacheDir, 'token'), 'hf_stored\n');
  await (await hubFiles('owner/name')).readText('model.safetensors');
  expect(requests.at(-1)).toMatch(/ with Bearer hf_stored$/);
  vi.stubEnv('HF_TOKEN', 'hf_token');
  await hubFiles('owner/name');
  expect(requests.at(-1)).toMatch(/ with Bearer hf_token$/);
});

test.each([
  [{ HF_HOME: '/home' }, join('/home', 'hub')],
  [{ HF_HOME: '/home', HF_HUB_CACHE: '/cache' }, '/cache'],
  [{ HF_HOME: undefined, XDG_CACHE_HOME: '/xdg' }, join('/xdg', 'huggingface', 'hub')],
  [{ HF_HOME: '', XDG_CACHE_HOME: '' }, join(homedir(), '.cache', 'huggingface', 'hub')],
  [{ HF_HOME: '~/models' }, join(homedir(), 'models', 'hub')],
])('the cache by %o', (environment, cache) => {
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  expect(hubSettings().cacheDir).toBe(cache);
});

test.each([
  ['1', true],
  ['YES', true],
  ['on', true],
  ['0', false],
  ['', false],
])('HF_HUB_OFFLINE=%s', async (value, isOffline) => {
  const { endpoint, requests } = await serve({ files });
  vi.stubEnv('HF_HUB_OFFLINE', value);
  if (isOffline) expect((await failure(open({ endpoint }))).message).toContain('not to be asked (HF_HUB_OFFLINE)');
  else await open({ endpoint });
  expect(requests).toHaveLength(isOffline ? 0 : 1);
});

test.each([
  [401, 'there is no such model on the hub, or it is private: check its name, or set HF_TOKEN for access'],
  [
    403,
    'access is restricted: accept the terms on the page of this model, and set HF_TOKEN to a token of the same account',
  ],
  [404, 'there is no such model on the hub, or it has no revision "main": check both'],
])('status %i of a model has its own words', async (listingStatus, message) => {
  const { endpoint } = await serve({ files, listingStatus });
  expect((await failure(open({ endpoint }))).message).toBe(`owner/name: ${message}`);
});

test.each([401, 403])('a gated model is listed, but its files are refused with status %i', async (fileStatus) => {
  const { endpoint } = await serve({ files, fileStatus });
  const model = await open({ endpoint });
  expect((await failure(model.readText('config.json'))).message).toMatch(/^owner\/name: access is restricted: accept/);
});

test('a hub that fails says how', async () => {
  const { endpoint } = await serve({ files, listingStatus: 500 });
  expect((await failure(open({ endpoint }))).message).toMatch(
    /^owner\/name: the hub refused \(status 500\): status 500/,
  );
});

test('a hub that does not answer is given up', async () => {
  const { endpoint } = await serve({ files, hangs: true });
  const start = performance.now();
  const { message } = await failure(open({ endpoint, timeoutMs: 200 }));
  expect(message).toMatch(
    /^owner\/name: the hub could not be reached \(.*timeout\): use a folder on this machine or a pulled model/,
  );
  expect(performance.now() - start).toBeLessThan(2000);
});

test('no hub at all', async () => {
  const { message } = await failure(open({ endpoint: 'http://127.0.0.1:9' }));
  expect(message).toMatch(
    /^owner\/name: the hub could not be reached \(.+\): use a folder on this machine or a pulled model/,
  );
});

test('offline without a cache', async () => {
  const { message } = await failure(open({ offline: true }));
  expect(message).toBe(
    'owner/name: is not in the cache, and the hub is not to be asked (HF_HUB_OFFLINE): use a folder on this machine',
  );
});

test('a cache that takes nothing is named', async () => {
  const { endpoint } = await serve({ files });
  const file = join(cacheDir, 'file');
  await writeFile(file, '');
  const { message } = await failure(open({ endpoint, cacheDir: file }));
  expect(message).toMatch(/^owner\/name: cannot be kept in the cache \(.+\): set HF_HUB_CACHE to a folder for it$/);
});

test('giving up is no failure of the hub', async () => {
  const { endpoint } = await serve({ files, hangs: true });
  const controller = new AbortController();
  const opening = open({ endpoint, signal: controller.signal });
  controller.abort(new Error('never mind'));
  await expect(opening).rejects.toThrow('never mind');
});

test.each(['name', 'a/b/c', '../name', 'owner/', 'owner/na me'])('"%s" is no id', async (id) => {
  expect((await failure(open({}, id))).message).toBe(`${id}: is no id of the hub: give owner/name`);
});

test.each(['../main', 'a//b', ''])('"%s" is no revision', async (revision) => {
  expect((await failure(open({ revision }))).message).toMatch(/is no revision: give a branch, a tag or a commit$/);
});

test('a token that can be none is not sent', async () => {
  const { message } = await failure(open({ token: 'secret' }));
  expect(message).toBe('owner/name: the access token (HF_TOKEN) must begin with "hf_"');
});

test('an answer of something else than a hub is no listing', async () => {
  const { endpoint } = await serve({ files, listing: '{}' });
  const { message } = await failure(open({ endpoint }));
  expect(message).toMatch(/^owner\/name: the hub could not be reached \(its answer names no commit and files\)/);
});

test('paths that lead out of the cache are not listed', async () => {
  const { endpoint } = await serve({ files: { 'config.json': '{}', '..\\evil': '', '/evil': '', 'c:evil': '' } });
  expect(await (await open({ endpoint })).list()).toEqual(['config.json']);
});
