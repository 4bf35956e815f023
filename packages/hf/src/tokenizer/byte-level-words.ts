import { z } from 'zod';

const byteLevel = z.looseObject({
  type: z.literal('ByteLevel'),
  use_regex: z.literal(true).default(true),
  add_prefix_space: z.literal(false).default(false),
});
const sequence = z.looseObject({ type: z.literal('Sequence'), pretokenizers: z.array(z.unknown()) });

/** Of `ByteLevel` in tokenizers (Rust), which took it from GPT-2. */
const words = String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`;

/**
 * The same pre-tokenizer, with the cut into words that `ByteLevel` does by itself spelled out. The library takes `\s` there
 * for JavaScript's white space, which has U+FEFF and lacks U+0085; in a pattern that a file has it reads it as Unicode's.
 */
export function spellOutWords(preTokenizer: unknown): unknown {
  const steps = sequence.safeParse(preTokenizer);
  if (steps.success) return { ...steps.data, pretokenizers: steps.data.pretokenizers.map(spellOutWords) };
  const found = byteLevel.safeParse(preTokenizer);
  if (!found.success) return preTokenizer;
  const split = { type: 'Split', pattern: { Regex: words }, behavior: 'Isolated', invert: false };
  return { type: 'Sequence', pretokenizers: [split, { ...found.data, use_regex: false }] };
}
