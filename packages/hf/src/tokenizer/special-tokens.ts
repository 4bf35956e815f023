import { toUtf8 } from './utf8.ts';

/** A token whose text is never merged: it is cut out of the text before anything else. */
export interface SpecialToken {
  readonly id: number;
  readonly text: string;
  /** Takes the white space after it along, which then leaves no trace. */
  readonly stripsRight?: boolean;
}

/** What is left of a text when special tokens are cut out: their ids, and the text between them. */
export type Fragment = string | number;

/** Special tokens in the order in which they are looked for, by their bytes: a longer one may contain a shorter one. */
export function longestFirst(specials: readonly SpecialToken[]): SpecialToken[] {
  return specials
    .map((special) => ({ special, size: toUtf8(special.text).length }))
    .toSorted((a, b) => b.size - a.size)
    .map(({ special }) => special);
}

/** Cuts the special tokens out of `text`, one after the other in the order given. */
export function cutOut(specials: readonly SpecialToken[], text: string): Fragment[] {
  let fragments: Fragment[] = text === '' ? [] : [text];
  for (const special of specials) {
    if (!text.includes(special.text)) continue;
    fragments = fragments.flatMap((fragment) => (typeof fragment === 'string' ? cutAt(special, fragment) : [fragment]));
  }
  return fragments;
}

function cutAt({ id, text: special, stripsRight = false }: SpecialToken, text: string): Fragment[] {
  const [before = '', ...rests] = text.split(special);
  const after = stripsRight ? rests.map((rest) => rest.replace(leadingWhiteSpace, '')) : rests;
  return [before, ...after.flatMap((rest) => [id, rest])].filter((part) => part !== '');
}

// `isspace` of C.
const leadingWhiteSpace = /^[\t\n\v\f\r ]+/;
