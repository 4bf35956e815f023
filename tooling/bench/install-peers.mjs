import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Installs the peers beside this file, once. Their libraries come prebuilt: no script of theirs runs. */
export function installPeers() {
  const folder = fileURLToPath(new URL('peers/', import.meta.url));
  if (existsSync(`${folder}node_modules/node-llama-cpp`)) return;
  console.error('installing peers (a minute, once)');
  execFileSync(
    'npm',
    [
      'install',
      '--prefix',
      folder,
      '--ignore-scripts',
      '--omit=optional',
      '--no-audit',
      '--no-fund',
      '--loglevel=error',
    ],
    {
      stdio: ['ignore', 2, 2],
    },
  );
}
