import type { GgufMetadata } from '../checkpoint/gguf-metadata.ts';
import { BpeMerges } from './bpe-merges.ts';
import { byteCharacters, spelledBytes } from './byte-alphabet.ts';
import type { GgufTextCoder } from './gguf-text-coder.ts';
import { type GgufVocabulary, tokenKinds } from './gguf-vocabulary.ts';
import type { PreTokenizer } from './pre-tokenizers.ts';
import { toUtf8 } from './utf8.ts';

/** Words whose ids are remembered: text repeats itself, and merging is the slow part. */
const maxCachedWords = 20_000;
const maxCachedLength = 64;

/** Byte-level BPE (`tokenizer.ggml.model` = `gpt2`): words of bytes, merged by the file's list of pairs. */
export class GgufBpe implements GgufTextCoder {
  readonly addBos: boolean;
  readonly addSpacePrefix = false;
  readonly #vocabulary: GgufVocabulary;
  readonly #pre: PreTokenizer;
  readonly #merges: BpeMerges;
  /** The token of each byte; -1 where the vocabulary has none. */
  readonly #byteIds: readonly number[];
  readonly #cache = new Map<string, readonly number[]>();

  constructor(gguf: GgufMetadata, vocabulary: GgufVocabulary, pre: PreTokenizer) {
    this.addBos = pre.addBos;
    this.#vocabulary = vocabulary;
    this.#pre = pre;
    this.#merges = new BpeMerges(gguf.strings('tokenizer.ggml.merges'), vocabulary);
    this.#byteIds = byteCharacters.map((character) => vocabulary.tokenIds.get(character) ?? -1);
  }

  encode(text: string): number[] {
    return this.#pre.split(text).flatMap((word) => this.#encodeWord(word));
  }

  /** Tokens made by merging are spelled in the alphabet of bytes; those that a user added are written as they are read. */
  bytes(token: string, kind: number | undefined): Uint8Array | null {
    return kind === tokenKinds.userDefined ? null : spelledBytes(token);
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
