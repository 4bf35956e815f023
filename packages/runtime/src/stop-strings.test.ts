import fc from 'fast-check';
import { expect, test } from 'vitest';
import { StopStrings } from './stop-strings.ts';

function run(stops: string[], pieces: string[]): { text: string; isStopped: boolean } {
  const watcher = new StopStrings(stops);
  let text = '';
  for (const piece of pieces) {
    const next = watcher.push(piece);
    text += next.text;
    if (next.isStopped) return { text, isStopped: true };
  }
  return { text: text + watcher.end(), isStopped: false };
}

test('a stop string across pieces ends the text before it', () => {
  expect(run(['END'], ['one E', 'N', 'D two'])).toEqual({ text: 'one ', isStopped: true });
  expect(run(['END'], ['one E', 'N', 'd two'])).toEqual({ text: 'one ENd two', isStopped: false });
});

test('whatever the pieces, the text ends at the first of the stop strings', () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 3 });
  fc.assert(
    fc.property(fc.array(word, { maxLength: 12 }), fc.array(word, { maxLength: 3 }), (pieces, stops) => {
      const whole = pieces.join('');
      const ends = stops
        .filter((stop) => stop !== '')
        .map((stop) => whole.indexOf(stop))
        .filter((at) => at >= 0);
      const { text, isStopped } = run(stops, pieces);
      expect(isStopped).toBe(ends.length > 0);
      // A longer stop string may begin earlier and be complete only later: what was shown never passes the first that was complete.
      if (isStopped) expect(whole.startsWith(text)).toBe(true);
      else expect(text).toBe(whole);
    }),
  );
});
