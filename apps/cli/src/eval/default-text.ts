import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/**
 * The text that is read where none is given: the first two chapters of "Alice's Adventures in Wonderland" by Lewis Carroll
 * (1865, in the public domain), 22 kB, with a line for each paragraph. It lies in the package, beside the code.
 */
export const defaultText = join(
  dirname(createRequire(import.meta.url).resolve('tttv2/package.json')),
  'texts/alice.txt',
);
