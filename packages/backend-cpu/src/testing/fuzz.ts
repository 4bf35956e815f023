import { fuzzInChild } from './fuzz-in-child.ts';

const [first = 0, count = 1000] = process.argv.slice(2).map(Number);
try {
  console.log(await fuzzInChild(first, count));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
