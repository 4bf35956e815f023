// Looks at every package as it would be published: publint reads its manifest, attw resolves its types as users would.
import { readFileSync } from 'node:fs';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { pack, published } from './packages.mjs';

// We publish ES modules only: what older resolvers make of them is no problem of ours.
const notOurs = new Set(['node10', 'node16-cjs']);

const tarballs = await pack('.cache/packed');
const problems = [];

for (const { manifest } of published) {
  const tarball = new Uint8Array(readFileSync(tarballs[manifest.name]));
  const { messages } = await publint({ strict: true, pack: { tarball: tarball.buffer } });
  for (const message of messages) problems.push(`${manifest.name}: ${formatMessage(message, manifest)}`);

  const { types, problems: wrong = [] } = await checkPackage(createPackageFromTarballData(tarball));
  if (!types && manifest.exports['.']) problems.push(`${manifest.name}: has an entry but no types`);
  for (const { kind, entrypoint, resolutionKind } of wrong) {
    if (!notOurs.has(resolutionKind)) problems.push(`${manifest.name}: ${kind} at ${entrypoint} for ${resolutionKind}`);
  }
}

console.log(problems.join('\n') || `${published.length} packages are fit to publish`);
process.exitCode = problems.length ? 1 : 0;
