import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { withLock } from './lock.mjs';

let folder;
let lock;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tttv2-lock-'));
  lock = join(folder, 'deep/lock');
});
afterEach(() => rmSync(folder, { recursive: true }));

test('lets one in at a time and says whom the others wait for', async () => {
  let inside = 0;
  const crowd = [];
  const waitedFor = [];
  const enter = () =>
    withLock(
      lock,
      async () => {
        crowd.push(++inside);
        await sleep(20);
        inside--;
      },
      { onWait: (pid) => waitedFor.push(pid) },
    );
  await Promise.all([enter(), enter(), enter()]);
  expect(crowd).toEqual([1, 1, 1]);
  expect(waitedFor).toEqual([process.pid, process.pid]);
});

test('takes over the lock of a process that has died', async () => {
  await withLock(lock, () => {});
  writeFileSync(lock, String(spawnSync(process.execPath, ['--version']).pid));
  await expect(withLock(lock, () => 'entered')).resolves.toBe('entered');
});

test('opens again after a failure', async () => {
  await expect(withLock(lock, () => Promise.reject(new Error('no disk')))).rejects.toThrow('no disk');
  expect(existsSync(lock)).toBe(false);
});
