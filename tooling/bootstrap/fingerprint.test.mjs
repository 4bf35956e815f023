import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fingerprint } from './fingerprint.mjs';

let root;
const write = (path, text = '') => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
};
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tttv2-fingerprint-'));
  for (const path of [
    'apps/cli/src/main.ts',
    'tooling/tsconfig/base.json',
    'tooling/tsup/tsup.config.ts',
    'pnpm-lock.yaml',
  ]) {
    write(path);
  }
  write('packages/spec/src/index.ts', 'export {};');
});
afterEach(() => rmSync(root, { recursive: true }));

test.each([
  ['a changed source', 'packages/spec/src/index.ts'],
  ['a new source', 'packages/spec/src/new.ts'],
  ['a new package', 'packages/next/package.json'],
  ['other dependencies', 'pnpm-lock.yaml'],
])('%s asks for a build', (_, path) => {
  const before = fingerprint(root);
  write(path, 'something else');
  expect(fingerprint(root)).not.toBe(before);
});

test.each([
  ['what was built', 'packages/spec/dist/index.js'],
  ['a test', 'packages/spec/src/index.test.ts'],
  ['what a Python that ran has left', 'packages/backend-tt/host/__pycache__/session.pyc'],
  ['a fixture', 'packages/hf/src/fixtures/config.json'],
])('%s asks for none', (_, path) => {
  const folder = dirname(dirname(join(root, path)));
  mkdirSync(folder, { recursive: true });
  const before = fingerprint(root);
  write(path, 'something else');
  expect(fingerprint(root)).toBe(before);
});
