import { UsageError } from './usage-error.ts';

/** Token ids as the command line gives them: `1,2,3`, or `@FILE` with a JSON array. @throws UsageError, CheckpointError */
export async function parseTokenIds(given: string): Promise<number[]> {
  if (!given.startsWith('@')) return given.split(',').map(parseTokenId);
  const { readIntegers } = await import('./read-integers.ts');
  return readIntegers(given.slice(1));
}

function parseTokenId(word: string): number {
  if (/^\s*\d+\s*$/.test(word)) return Number(word);
  const found = word.trim() === '' ? 'an empty place' : `"${word.trim()}"`;
  throw new UsageError(`--ids: must be whole numbers with commas between, such as 1,2,3; found ${found}`);
}
