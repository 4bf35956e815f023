import fc from 'fast-check';
import { expect, test } from 'vitest';
import { StopStrings } from './stop-strings.ts';

interface Ended {
  text: string;
  isStopped: boolean;
}

function run(stops: readonly string[], pieces: readonly string[]): Ended {
  const watcher = new StopStrings(stops);
  let text = '';
  for (const piece of pieces) {
    const next = watcher.push(piece);
    text += next.text;
    if (next.isStopped) return { text, isStopped: true };
  }
  return { text: text + watcher.end(), isStopped: false };
}

/** By definition: the text grows letter by letter, until it ends with stop strings; the longest of them goes. */
function definition(stops: readonly string[], whole: string): Ended {
  for (let length = 1; length <= whole.length; length++) {
    const text = whole.slice(0, length);
    const lengths = stops.filter((stop) => stop !== '' && text.endsWith(stop)).map((stop) => stop.length);
    if (lengths.length > 0) return { text: text.slice(0, length - Math.max(...lengths)), isStopped: true };
  }
  return { text: whole, isStopped: false };
}

test('a stop string across pieces ends the text before it', () => {
  expect(run(['END'], ['one E', 'N', 'D two'])).toEqual({ text: 'one ', isStopped: true });
  expect(run(['END'], ['one E', 'N', 'd two'])).toEqual({ text: 'one ENd two', isStopped: false });
});

test.each([
  ['a part at the end is given out when nothing follows', ['END'], ['one EN'], { text: 'one EN', isStopped: false }],
  ['a false start inside a beginning', ['aab'], ['a', 'a', 'a', 'b'], { text: 'a', isStopped: true }],
  ['overlapping ones: the first to be complete', ['abcd', 'bc'], ['abcd'], { text: 'a', isStopped: true }],
  ['complete at once: the longest', ['cd', 'abcd'], ['x', 'ab', 'cd'], { text: 'x', isStopped: true }],
  ['more than one in a piece', ['two', 'one'], ['0 one two'], { text: '0 ', isStopped: true }],
  ['a character of several bytes', ['ありがとう'], ['はい、あり', 'がとう。'], { text: 'はい、', isStopped: true }],
  ['characters that share a surrogate', ['😀'], ['😁', '😃😀'], { text: '😁😃', isStopped: true }],
  ['the empty string stops nothing', [''], ['text'], { text: 'text', isStopped: false }],
])('%s', (_, stops, pieces, ended) => {
  expect(run(stops, pieces)).toEqual(ended);
});

test('what may become a stop string is held back, and no more than that', () => {
  const watcher = new StopStrings(['###', '#!']);
  expect(watcher.push('a#').text).toBe('a');
  expect(watcher.push('#').text).toBe('');
  expect(watcher.push('b').text).toBe('##b');
});

test('whatever the pieces, the text ends where the first stop string is complete', () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', '😀', '😁'), maxLength: 4 });
  fc.assert(
    fc.property(fc.array(word, { maxLength: 12 }), fc.array(word, { maxLength: 4 }), (pieces, stops) => {
      expect(run(stops, pieces)).toEqual(definition(stops, pieces.join('')));
    }),
    { numRuns: 1000 },
  );
});
