import { createHash } from 'node:crypto';
import { CheckpointError } from '@tttv2/spec';
import type { Progress } from '../progress.ts';
import { writeBeside } from '../write-beside.ts';

/** What a file must be, to be the one that was meant. */
export interface Expected {
  bytes: number;
  sha256: string;
}

/** Writes a file as its bytes come. It gets its name when it is whole and the one that was meant. @throws CheckpointError */
export async function storeFile(
  path: string,
  chunks: AsyncIterable<Uint8Array>,
  expected: Expected,
  progress: Progress,
): Promise<void> {
  await writeBeside(path, async (file) => {
    const hash = createHash('sha256');
    let bytes = 0;
    for await (const chunk of chunks) {
      await file.writeFile(chunk);
      hash.update(chunk);
      bytes += chunk.length;
      progress.update(bytes, expected.bytes);
    }
    check(path, { bytes, sha256: hash.digest('hex') }, expected);
  });
}

function check(file: string, found: Expected, expected: Expected): void {
  const differs = (what: string, is: string | number, due: string | number) =>
    new CheckpointError({
      file,
      message: `what came has ${what} ${is}, but ${due} is due: it is cut short, or another`,
    });
  if (found.bytes !== expected.bytes) throw differs('a size of', found.bytes, expected.bytes);
  if (found.sha256 !== expected.sha256) throw differs('the SHA-256', found.sha256, expected.sha256);
}
