import { mkdirSync, readFileSync, rmdirSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Runs `work` while no other process holds the lock file. The lock of a process that has died is taken over. */
export async function withLock(path, work, { onWait } = {}) {
  mkdirSync(dirname(path), { recursive: true });
  let told = false;
  while (!acquire(path)) {
    const owner = ownerOf(path);
    if (owner !== undefined && !isAlive(owner)) {
      removeStale(path, owner);
      continue;
    }
    if (!told) onWait?.(owner);
    told = true;
    await sleep(200);
  }
  try {
    return await work();
  } finally {
    unlinkSync(path);
  }
}

function acquire(path) {
  try {
    writeFileSync(path, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

/** Undefined while the lock is just being written or has just gone. */
function ownerOf(path) {
  try {
    return Number(readFileSync(path, 'utf8')) || undefined;
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code !== 'ESRCH';
  }
}

/** Two waiters may see the same dead owner; the guard keeps the slower one from removing the faster one's new lock. */
function removeStale(path, owner) {
  const guard = `${path}.stale`;
  try {
    mkdirSync(guard);
  } catch (error) {
    if (error.code === 'EEXIST') return;
    throw error;
  }
  try {
    if (ownerOf(path) === owner) unlinkSync(path);
  } finally {
    rmdirSync(guard);
  }
}
