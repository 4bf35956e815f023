import { expect, test } from 'vitest';
import { checkPlatform } from './platform.mjs';

test.each(['2.34', '2.36', '2.100'])('takes Linux x64 with glibc %s', (glibc) => {
  expect(() => checkPlatform({ platform: 'linux', arch: 'x64', glibc })).not.toThrow();
});

test.each([
  [{ platform: 'darwin', arch: 'arm64' }, 'this is darwin arm64'],
  [{ platform: 'linux', arch: 'arm64', glibc: '2.36' }, 'this is linux arm64'],
  [{ platform: 'linux', arch: 'x64', glibc: '2.31' }, 'this Linux has 2.31'],
  [{ platform: 'linux', arch: 'x64' }, 'this Linux has another C library'],
])('refuses %o', (machine, reason) => {
  expect(() => checkPlatform(machine)).toThrow(reason);
});
