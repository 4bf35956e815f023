// Installs our packed packages outside the workspace, with npm and the Node of this machine, as a user would:
// @tttv2/spec alone brings zod and nothing else; all of them together can be imported by every name they export.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { isPrepared, prepare } from '../bootstrap/prepare.mjs';
import { pack, published } from './packages.mjs';

// Scripts find our Node 24 in node_modules/.bin first; users have none of that.
const PATH = process.env.PATH.split(delimiter)
  .filter((folder) => !folder.includes('node_modules'))
  .join(delimiter);
const run = (cwd, command, ...args) =>
  execFileSync(command, args, {
    cwd,
    env: { ...process.env, PATH },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });

if (!isPrepared()) await prepare();

const scratch = mkdtempSync(join(tmpdir(), 'tttv2-pack-'));
try {
  const tarballs = await pack('.cache/packed');
  console.log(`with Node ${run(scratch, 'node', '--version').trim()}`);

  const alone = install([tarballs['@tttv2/spec']]);
  assert.deepEqual(installedIn(alone), ['@tttv2/spec', 'zod']);
  console.log('@tttv2/spec brings zod and nothing else');

  const together = install(Object.values(tarballs));
  const names = published.flatMap(({ manifest }) => entriesOf(manifest));
  for (const name of names) {
    const how = name.endsWith('.json') ? ", { with: { type: 'json' } }" : '';
    const count = `import('${name}'${how}).then((it) => console.log(Object.keys(it).length))`;
    const found = run(together, 'node', '-e', count);
    assert.notEqual(Number(found), 0, `${name} exports nothing`);
  }
  console.log(`imported ${names.join(', ')}`);

  const help = run(together, join(together, 'node_modules/.bin/tttv2'), '--help');
  assert.match(help, /tttv2/);
  console.log('tttv2 --help answers');
} finally {
  rmSync(scratch, { recursive: true });
}

function install(files) {
  const folder = mkdtempSync(join(scratch, 'user-'));
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  run(folder, 'npm', 'install', '--loglevel=error', '--no-audit', '--no-fund', ...files);
  return folder;
}

function installedIn(folder) {
  const modules = join(folder, 'node_modules');
  return readdirSync(modules)
    .filter((name) => !name.startsWith('.'))
    .flatMap((name) => (name.startsWith('@') ? readdirSync(join(modules, name)).map((it) => `${name}/${it}`) : [name]))
    .sort();
}

function entriesOf({ name, exports }) {
  return Object.keys(exports)
    .filter((path) => path !== './package.json')
    .map((path) => name + path.slice(1));
}
