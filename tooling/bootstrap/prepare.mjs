import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { fingerprint } from './fingerprint.mjs';
import { withLock } from './lock.mjs';
import { pnpm, root } from './pnpm.mjs';
import { say } from './say.mjs';

const cache = `${root}.cache/bootstrap/`;
const stamp = `${cache}built`;
const log = `${cache}log`;
export const main = `${root}apps/cli/dist/main.js`;

/** Whether the CLI was built from the sources as they are now. */
export const isPrepared = () =>
  existsSync(main) && existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint(root);

/** Installs and builds what the CLI needs. Speaks on stderr only: stdout belongs to the command. */
export function prepare() {
  return locked(async () => {
    if (isPrepared()) return;
    const first = !existsSync(main);
    const started = Date.now();
    say(
      first
        ? 'first run here: installing and building, usually under a minute …'
        : 'bringing the build up to date, usually a few seconds …',
    );
    const before = fingerprint(root);
    await quietly(installCommand);
    await quietly(['exec', 'turbo', 'run', 'build', '--filter=tttv2...']);
    writeFileSync(stamp, before);
    say(`ready after ${Math.round((Date.now() - started) / 1000)} s`);
  });
}

/** Installs what all of the project needs, showing how it goes, and resolves to the exit code. */
export const install = () => locked(() => pnpm(installCommand));

const installCommand = ['install', '--frozen-lockfile', '--loglevel=error'];

function locked(work) {
  return withLock(`${cache}lock`, work, {
    onWait: (pid) => say(`waiting for process ${pid}, which is installing or building here …`),
  });
}

/** A success needs no words; a failure shows all that was said. */
async function quietly(args) {
  mkdirSync(cache, { recursive: true });
  const output = openSync(log, 'w');
  const code = await pnpm(args, { stdio: ['ignore', output, output] });
  closeSync(output);
  if (code === 0) return;
  process.stderr.write(readFileSync(log));
  say(`"pnpm ${args.join(' ')}" failed with exit code ${code}; what it said stands above`);
  process.exit(1);
}
