import { CheckpointError } from '@tttv2/spec';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BpeMerges } from './bpe-merges.ts';
import { ggufMetadata } from './fixtures/gguf-metadata.ts';
import { readGgufVocabulary } from './gguf-vocabulary.ts';

const letters = ['a', 'b', 'c'];

async function mergesOf(lines: readonly string[], tokens: readonly string[]) {
  const vocabulary = readGgufVocabulary(await ggufMetadata({ 'tokenizer.ggml.tokens': tokens }));
  return new BpeMerges(lines, vocabulary);
}

/** The definition, word for word: join the leftmost of the pairs with the lowest rank, until there is none. */
function slowly(word: readonly string[], lines: readonly string[]): string[] {
  let parts = [...word];
  for (;;) {
    const ranks = parts.slice(1).map((right, index) => lines.indexOf(`${parts[index]} ${right}`));
    const lowest = Math.min(...ranks.filter((rank) => rank >= 0));
    const at = ranks.indexOf(lowest);
    if (at < 0) return parts;
    parts = [...parts.slice(0, at), parts.slice(at, at + 2).join(''), ...parts.slice(at + 2)];
  }
}

test('merging is what its definition says', async () => {
  const part = fc.string({ unit: fc.constantFrom(...letters), minLength: 1, maxLength: 3 });
  const lines = fc.array(
    fc.tuple(part, part).map((pair) => pair.join(' ')),
    { maxLength: 20 },
  );
  const word = fc.array(fc.constantFrom(...letters), { maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(lines, word, async (lines, word) => {
      const tokens = [
        ...new Set([...letters, ...lines.flatMap((line) => [...line.split(' '), line.replace(' ', '')])]),
      ];
      const merges = await mergesOf(lines, tokens);
      const ids = merges.apply(word.map((letter) => tokens.indexOf(letter)));
      expect(ids.map((id) => tokens[id])).toEqual(slowly(word, lines));
    }),
  );
});

test('what has no token joins nothing and leaves no trace', async () => {
  const merges = await mergesOf(['a b', 'a a'], ['a', 'b', 'ab', 'aa']);
  expect(merges.apply([0, -1, 1, 0, 1])).toEqual([0, 1, 2]);
});

test('a long word takes no longer than its length says', async () => {
  const merges = await mergesOf(['a a', 'aa aa'], ['a', 'aa', 'aaaa']);
  expect(merges.apply(new Array(200_000).fill(0))).toHaveLength(50_000);
});

test('a line that is no pair is refused', async () => {
  await expect(mergesOf(['a b', 'ab'], ['a', 'b', 'ab'])).rejects.toThrow(CheckpointError);
  await expect(mergesOf(['a b', 'ab'], ['a', 'b', 'ab'])).rejects.toThrow(
    'model.gguf: tokenizer.ggml.merges[1] is "ab", not two tokens',
  );
});
