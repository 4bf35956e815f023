import type { Tokenizer } from '@tttv2/hf';

/** A stretch of a text that a model reads on its own: the tokens from the second on are to be predicted. */
export type Window = Int32Array<ArrayBuffer>;

/**
 * A text in windows of `context` tokens, one after the other, each with the token before it that the tokenizer puts before
 * a text. The last may be shorter; one that has nothing to predict is left out.
 */
export function windowsOf(tokenizer: Tokenizer, text: string, context: number): Window[] {
  const ids = tokenizer.encode(text, { addSpecialTokens: false });
  const [first] = tokenizer.encode('');
  const start = first !== undefined && first === tokenizer.bosTokenId ? [first] : [];
  const size = context - start.length;
  const windows = Array.from({ length: Math.ceil(ids.length / size) }, (_, i) =>
    Int32Array.of(...start, ...ids.slice(i * size, (i + 1) * size)),
  );
  return windows.filter(({ length }) => length > 1);
}
