import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pnpm } from '../bootstrap/pnpm.mjs';

const foldersIn = (parent) =>
  readdirSync(parent, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => `${parent}/${entry.name}`);

/** What we publish: the folder and the manifest of each. */
export const published = ['packages', 'apps']
  .flatMap(foldersIn)
  .map((folder) => ({ folder, manifest: JSON.parse(readFileSync(`${folder}/package.json`, 'utf8')) }))
  .filter(({ manifest }) => !manifest.private);

/** Packs all that we publish, as it would be published; the path of each tarball by package name. */
export async function pack(into) {
  const destination = resolve(into);
  rmSync(destination, { recursive: true, force: true });
  mkdirSync(destination, { recursive: true });
  const filters = published.flatMap(({ manifest }) => ['--filter', manifest.name]);
  const code = await pnpm([...filters, 'pack', '--pack-destination', destination], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (code !== 0) throw new Error(`pnpm pack failed with exit code ${code}`);
  return Object.fromEntries(
    published.map(({ manifest: { name, version } }) => [
      name,
      join(destination, `${name.replace('@', '').replace('/', '-')}-${version}.tgz`),
    ]),
  );
}
