import { fileURLToPath } from 'node:url';
import { CheckpointError, DeviceLostError, RequestError, UnsupportedHardwareError } from '@tttv2/spec';
import { describe, expect, test } from 'vitest';
import { HostProcess } from './host-process.ts';

const fake = fileURLToPath(new URL('testing/fake-python.mjs', import.meta.url));

function host(behaviour: string, environment: Readonly<Record<string, string>> = {}): HostProcess {
  return new HostProcess('n150', fake, { FAKE: behaviour, ...environment });
}

async function errorOf(promise: Promise<unknown>): Promise<Error> {
  const outcome = await promise.catch((error: unknown) => error);
  if (outcome instanceof Error) return outcome;
  throw new Error('it should have been refused');
}

test('a request is answered, with progress on the way, by the script of the package', async () => {
  const python = host('answers');
  const seen: object[] = [];
  const { header } = await python.request('open', {}, { progress: (progress) => seen.push(progress) });
  expect(seen).toEqual([{ loadedBytes: 1, totalBytes: 2 }]);
  expect(header.script).toBe(fileURLToPath(new URL('../host/host.py', import.meta.url)));
  expect((await python.request('memory')).header.id).toBe(1);
  expect(python.isAlive).toBe(true);
  await python.close();
  await expect(python.request('memory')).rejects.toThrow(DeviceLostError);
});

test('a program that is not there is named, with what to do', async () => {
  const python = new HostProcess('n150', '/nowhere/python3');
  const error = await errorOf(python.request('open'));
  expect(error).toBeInstanceOf(UnsupportedHardwareError);
  expect(error.message).toMatch(/^n150: "\/nowhere\/python3" cannot be started .*ENOENT.*TTTV2_PYTHON$/);
  expect(python.isAlive).toBe(false);
  await python.close();
});

describe('a host that ends', () => {
  test.each(['exits', 'exitsWhenAsked'])('(%s) is lost, and its words are shown', async (behaviour) => {
    const python = host(behaviour);
    const errors = await Promise.all([errorOf(python.request('open')), errorOf(python.request('load'))]);
    const later = await errorOf(python.request('run'));
    for (const error of [...errors, later]) {
      expect(error).toBeInstanceOf(DeviceLostError);
      expect(error.message).toContain(
        "ended with exit code 1; its last words:\nModuleNotFoundError: No module named 'ttnn'",
      );
    }
    await python.close();
  });

  test('because this Python cannot run it says so, and what to do', async () => {
    const error = await errorOf(host('cannotRun').request('open'));
    expect(error).toBeInstanceOf(UnsupportedHardwareError);
    expect(error.message).toMatch(/cannot run ttnn: ModuleNotFoundError.*TTTV2_PYTHON$/);
  });
});

test.each([
  ['saysHello', /a header of \d+ bytes/],
  ['isNoJson', /JSON/],
  ['answersAnother', /id/],
])('a host that answers nonsense (%s) is stopped, and what was wrong is shown', async (behaviour, said) => {
  const python = host(behaviour);
  const error = await errorOf(python.request('open'));
  expect(error).toBeInstanceOf(DeviceLostError);
  expect(error.message).toMatch(/ended with SIGTERM; its last words:/);
  expect(error.message).toMatch(said);
  await python.close();
});

test.each([
  ['refused', UnsupportedHardwareError, 'n150: too large'],
  ['request', RequestError, 'too large'],
  ['checkpoint', CheckpointError, 'too large'],
  ['fault', DeviceLostError, 'n150: too large'],
])('an answer that tells of an error (%s) is that error, and the host goes on', async (kind, errorClass, message) => {
  const python = host('fails', { FAKE_ERROR: JSON.stringify({ kind, message: 'too large' }) });
  const error = await errorOf(python.request('run'));
  expect(error).toBeInstanceOf(errorClass);
  expect(error.message).toContain(message);
  expect(python.isAlive).toBe(true);
  await python.close();
});
