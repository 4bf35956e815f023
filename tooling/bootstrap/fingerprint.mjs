import { createHash } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const inputs = ['packages', 'apps/cli', 'tooling/tsconfig', 'tooling/tsup', 'pnpm-lock.yaml'];
const notBuilt = new Set(['node_modules', 'dist', 'fixtures', '.turbo', '__pycache__']);

/** Names the state of all that a build reads, by size and time of change: a few milliseconds, no content is read. */
export function fingerprint(root) {
  const hash = createHash('sha1');
  for (const input of inputs) visit(join(root, input), hash);
  return hash.digest('hex');
}

function visit(path, hash) {
  const stat = statSync(path);
  if (!stat.isDirectory()) {
    hash.update(`${path} ${stat.size} ${stat.mtimeMs}\n`);
    return;
  }
  for (const name of readdirSync(path).sort()) {
    if (!notBuilt.has(name) && !name.endsWith('.test.ts')) visit(join(path, name), hash);
  }
}
