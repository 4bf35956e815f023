import { createServer, type Server } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { afterEach, expect, test, vi } from 'vitest';
import { hubSource, type Patience } from './hub-source.ts';

const hub = { id: 'owner/name', revision: 'main', path: 'model.gguf' };
const { signal } = new AbortController();
let server: Server | null = null;

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  vi.unstubAllEnvs();
});

/** A hub on this machine that does with a request what it is told. */
async function read(answer: Parameters<typeof createServer>[1], patience: Patience = {}): Promise<string> {
  const started = createServer({}, answer).listen(0, '127.0.0.1');
  server = started;
  await new Promise((resolve) => started.once('listening', resolve));
  const address = started.address();
  const port = typeof address === 'object' ? address?.port : null;
  vi.stubEnv('HF_ENDPOINT', `http://127.0.0.1:${port}/mirror`);
  return (await buffer(hubSource(hub, patience).read(signal))).toString();
}

test('reads a file at its commit', async () => {
  expect(await read((request, response) => response.end(`of ${request.url}`))).toBe(
    'of /mirror/owner/name/resolve/main/model.gguf',
  );
});

test('the access token goes along, and offline nobody is asked', async () => {
  vi.stubEnv('HF_TOKEN', 'hf_token');
  expect(await read((request, response) => response.end(request.headers.authorization))).toBe('Bearer hf_token');
  vi.stubEnv('HF_HUB_OFFLINE', '1');
  await expect(read(() => expect.unreachable())).rejects.toThrow('it is not to be asked (HF_HUB_OFFLINE)');
});

test('tells what the hub answers when it has no file', async () => {
  await expect(read((_request, response) => response.writeHead(404).end())).rejects.toThrow('it answers 404');
});

test('gives up on silence, before and after the first byte', async () => {
  await expect(read(() => {}, { answerMs: 50 })).rejects.toThrow('it does not answer');
  await expect(read((_request, response) => response.write('GGUF'), { stallMs: 50 })).rejects.toThrow(
    'it does not answer',
  );
});
