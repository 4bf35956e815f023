import { RequestError } from '@tttv2/spec';
import type { Tokenizer } from './tokenizer.ts';

/** @throws RequestError when `id` is not a token id of a vocabulary with `vocabSize` tokens. */
export function checkTokenId(id: number, vocabSize: number, field = 'id'): void {
  if (Number.isInteger(id) && id >= 0 && id < vocabSize) return;
  throw new RequestError({ field, message: `${id} is no token id: the vocabulary has ids 0 to ${vocabSize - 1}` });
}

/** The ids of which `decode` writes the text. @throws RequestError for an id outside of the vocabulary. */
export function shownIds(
  tokenizer: Tokenizer,
  ids: readonly number[],
  { skipSpecialTokens = false }: { skipSpecialTokens?: boolean } = {},
): readonly number[] {
  for (const [index, id] of ids.entries()) checkTokenId(id, tokenizer.vocabSize, `ids[${index}]`);
  return skipSpecialTokens ? ids.filter((id) => !tokenizer.isSpecial(id)) : ids;
}
