/** A token whose text is never merged: it is cut out of the text before anything else. */
export interface SpecialToken {
  readonly id: number;
  readonly text: string;
}

/** What is left of a text when special tokens are cut out: their ids, and the text between them. */
export type Fragment = string | number;

/** Special tokens in the order in which they are looked for: a longer one may contain a shorter one. */
export function longestFirst(specials: readonly SpecialToken[]): SpecialToken[] {
  return specials.toSorted((a, b) => b.text.length - a.text.length);
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

function cutAt(special: SpecialToken, text: string): Fragment[] {
  const rests = text.split(special.text);
  return rests.flatMap((rest, index) => (index === 0 ? [rest] : [special.id, rest])).filter((part) => part !== '');
}
