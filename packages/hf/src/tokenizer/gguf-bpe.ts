import { CheckpointError, UnsupportedModelError } from '@tttv2/spec';
import type { GgufMetadata } from '../checkpoint/gguf-metadata.ts';
import { BpeMerges } from './bpe-merges.ts';
import { byteCharacters, spelledBytes } from './byte-alphabet.ts';
import { type GgufVocabulary, readGgufVocabulary, tokenKinds } from './gguf-vocabulary.ts';
import { findPreTokenizer, type PreTokenizer, preTokenizerNames } from './pre-tokenizers.ts';
import { cutOut, longestFirst, type SpecialToken } from './special-tokens.ts';
import { checkTokenId, shownIds } from './token-ids.ts';
import type { Tokenizer } from './tokenizer.ts';
import { fromUtf8, toUtf8, withoutLoneSurrogates } from './utf8.ts';

/**
 * The tokenizer that a GGUF file carries, when it is a byte-level BPE (`tokenizer.ggml.model` = `gpt2`). It gives the ids
 * that llama.cpp gives for the same file; `decode` gives the exact text back, where llama.cpp tidies spaces for some models.
 * @throws UnsupportedModelError for another kind of tokenizer or an unknown pre-tokenizer.
 * @throws CheckpointError when the vocabulary is missing or contradicts itself.
 */
export function tokenizerFromGguf(gguf: GgufMetadata): Tokenizer {
  const model = gguf.string('tokenizer.ggml.model');
  if (model !== 'gpt2') {
    throw unsupported(
      gguf,
      'tokenizer.ggml.model',
      `the tokenizer "${model}" is not supported, only gpt2 (byte-level BPE)`,
    );
  }
  // Files older than the key were made for this one; llama.cpp reads them so, too.
  const name = gguf.string('tokenizer.ggml.pre', 'default');
  const pre = findPreTokenizer(name);
  if (pre === undefined) {
    const known = preTokenizerNames().join(', ');
    throw unsupported(gguf, 'tokenizer.ggml.pre', `the pre-tokenizer "${name}" is not known, only ${known}`);
  }
  const vocabulary = readGgufVocabulary(gguf);
  return new GgufBpe(vocabulary, pre, new BpeMerges(gguf.strings('tokenizer.ggml.merges'), vocabulary), {
    before: textBegins(gguf, vocabulary, pre),
    after: textEnds(gguf, vocabulary),
  });
}

/** Words whose ids are remembered: text repeats itself, and merging is the slow part. */
const maxCachedWords = 20_000;
const maxCachedLength = 64;

class GgufBpe implements Tokenizer {
  readonly vocabSize: number;
  readonly bosTokenId: number | null;
  readonly eosTokenIds: readonly number[];
  readonly #vocabulary: GgufVocabulary;
  readonly #pre: PreTokenizer;
  readonly #merges: BpeMerges;
  readonly #around: { readonly before: readonly number[]; readonly after: readonly number[] };
  readonly #specials: readonly SpecialToken[];
  /** The token of each byte; -1 where the vocabulary has none. */
  readonly #byteIds: readonly number[];
  readonly #cache = new Map<string, readonly number[]>();

  constructor(
    vocabulary: GgufVocabulary,
    pre: PreTokenizer,
    merges: BpeMerges,
    around: { before: readonly number[]; after: readonly number[] },
  ) {
    this.vocabSize = vocabulary.tokens.length;
    this.bosTokenId = vocabulary.bosTokenId;
    this.eosTokenIds = vocabulary.endTokenIds;
    this.#vocabulary = vocabulary;
    this.#pre = pre;
    this.#merges = merges;
    this.#around = around;
    this.#specials = longestFirst(specialTokens(vocabulary));
    this.#byteIds = byteCharacters.map((character) => vocabulary.tokenIds.get(character) ?? -1);
  }

  encode(text: string, { addSpecialTokens = true }: { addSpecialTokens?: boolean } = {}): number[] {
    const ids: number[] = addSpecialTokens ? [...this.#around.before] : [];
    for (const fragment of cutOut(this.#specials, withoutLoneSurrogates(text))) {
      if (typeof fragment === 'number') ids.push(fragment);
      else for (const word of this.#pre.split(fragment)) for (const id of this.#encodeWord(word)) ids.push(id);
    }
    return addSpecialTokens ? [...ids, ...this.#around.after] : ids;
  }

  decode(ids: readonly number[], options?: { skipSpecialTokens?: boolean }): string {
    return fromUtf8(shownIds(this, ids, options).map((id) => this.tokenBytes(id)));
  }

  isSpecial(id: number): boolean {
    const kind = this.#vocabulary.kinds[id];
    return kind === tokenKinds.control || kind === tokenKinds.unknown || kind === tokenKinds.unused;
  }

  tokenBytes(id: number): Uint8Array {
    checkTokenId(id, this.vocabSize);
    const text = this.#vocabulary.tokens[id] ?? '';
    // Only tokens made by merging spell bytes; all others are written as they are read.
    const spelled = this.isSpecial(id) || this.#isUserDefined(id) ? null : spelledBytes(text);
    return spelled ?? toUtf8(text);
  }

  #isUserDefined(id: number): boolean {
    return this.#vocabulary.kinds[id] === tokenKinds.userDefined;
  }

  #encodeWord(word: string): readonly number[] {
    const known = this.#cache.get(word);
    if (known !== undefined) return known;
    const ids = this.#mergeWord(toUtf8(word));
    if (word.length <= maxCachedLength) {
      if (this.#cache.size >= maxCachedWords) this.#cache.clear();
      this.#cache.set(word, ids);
    }
    return ids;
  }

  #mergeWord(bytes: Uint8Array): readonly number[] {
    if (this.#pre.wholeWordsFirst) {
      const id = this.#vocabulary.tokenIds.get(Array.from(bytes, (byte) => byteCharacters[byte]).join(''));
      if (id !== undefined) return [id];
    }
    return this.#merges.apply(Array.from(bytes, (byte) => this.#byteIds[byte] ?? -1));
  }
}

function specialTokens({ tokens, kinds }: GgufVocabulary): SpecialToken[] {
  const cut: readonly (number | undefined)[] = [tokenKinds.control, tokenKinds.userDefined, tokenKinds.unknown];
  return tokens.map((text, id) => ({ id, text })).filter(({ id, text }) => text !== '' && cut.includes(kinds[id]));
}

function textBegins(gguf: GgufMetadata, { file, bosTokenId }: GgufVocabulary, pre: PreTokenizer): readonly number[] {
  const key = 'tokenizer.ggml.add_bos_token';
  if (!gguf.boolean(key, pre.addBos)) return [];
  if (bosTokenId !== null) return [bosTokenId];
  if (!gguf.has(key)) return [];
  throw new CheckpointError({ file, message: `${key} is true, but there is no tokenizer.ggml.bos_token_id` });
}

function textEnds(gguf: GgufMetadata, { file, eosTokenId }: GgufVocabulary): readonly number[] {
  const key = 'tokenizer.ggml.add_eos_token';
  if (!gguf.boolean(key, false)) return [];
  if (eosTokenId !== null) return [eosTokenId];
  throw new CheckpointError({ file, message: `${key} is true, but there is no tokenizer.ggml.eos_token_id` });
}

function unsupported(gguf: GgufMetadata, key: string, found: string): UnsupportedModelError {
  return new UnsupportedModelError({
    modelType: gguf.has('general.architecture') ? gguf.string('general.architecture') : null,
    keys: [key],
    message: `${gguf.file}: ${found} (${key}); put the tokenizer.json of the original model beside the file`,
  });
}
