import { writeSync } from 'node:fs';
import { fuzzCase, runFuzzCase } from '@tttv2/testing';
import { cpuBackend } from '../index.ts';
import { fuzzVariants } from './fuzz-variants.ts';

const [first = 0, count = 0] = process.argv.slice(2).map(Number);
const outcomes = { compared: 0, ran: 0, refused: 0 };
for (let seed = first; seed < first + count; seed++) {
  // Before it runs, at once: an abort of ggml leaves no time to say anything.
  writeSync(1, `${seed}\n`);
  outcomes[await runFuzzCase(cpuBackend, fuzzCase(seed, fuzzVariants))]++;
}
writeSync(1, `${JSON.stringify(outcomes)}\n`);
