import { CheckpointError, UnsupportedModelError } from '@tttv2/spec';
import type { GgufMetadata } from '../checkpoint/gguf-metadata.ts';
import { GgufBpe } from './gguf-bpe.ts';
import { GgufSentencePiece, sentencePieceDefaults } from './gguf-sentencepiece.ts';
import type { GgufTextCoder } from './gguf-text-coder.ts';
import { type GgufVocabulary, readGgufVocabulary, tokenKinds } from './gguf-vocabulary.ts';
import { findPreTokenizer, type PreTokenizer, preTokenizerNames } from './pre-tokenizers.ts';
import { cutOut, longestFirst, type SpecialToken } from './special-tokens.ts';
import { checkTokenId, shownIds } from './token-ids.ts';
import type { Tokenizer } from './tokenizer.ts';
import { fromUtf8, toUtf8, withoutLoneSurrogates } from './utf8.ts';

/**
 * The tokenizer that a GGUF file carries: a byte-level BPE or SentencePiece's. It gives the ids that llama.cpp gives for the
 * same file. `decode` gives the text back: exactly for a byte-level BPE, where llama.cpp tidies spaces for some models;
 * for SentencePiece see `decode` of the class below.
 * @throws UnsupportedModelError for another kind of tokenizer or an unknown pre-tokenizer.
 * @throws CheckpointError when the vocabulary is missing or contradicts itself.
 */
export function tokenizerFromGguf(gguf: GgufMetadata): Tokenizer {
  const model = gguf.string('tokenizer.ggml.model');
  if (model === 'gpt2') {
    const pre = readPreTokenizer(gguf);
    const vocabulary = readGgufVocabulary(gguf);
    return new GgufTokenizer(gguf, vocabulary, new GgufBpe(gguf, vocabulary, pre));
  }
  if (model === 'llama') {
    const vocabulary = readGgufVocabulary(gguf, sentencePieceDefaults);
    return new GgufTokenizer(gguf, vocabulary, new GgufSentencePiece(gguf, vocabulary));
  }
  throw unsupported(
    gguf,
    'tokenizer.ggml.model',
    `the tokenizer "${model}" is not supported, only gpt2 (byte-level BPE) and llama (SentencePiece BPE)`,
  );
}

/** What the kinds of tokenizers have in common: special tokens, what stands around a text, and what marks structure. */
class GgufTokenizer implements Tokenizer {
  readonly vocabSize: number;
  readonly bosTokenId: number | null;
  readonly eosTokenIds: readonly number[];
  readonly #vocabulary: GgufVocabulary;
  readonly #coder: GgufTextCoder;
  readonly #before: readonly number[];
  readonly #after: readonly number[];
  readonly #specials: readonly SpecialToken[];

  constructor(gguf: GgufMetadata, vocabulary: GgufVocabulary, coder: GgufTextCoder) {
    this.vocabSize = vocabulary.tokens.length;
    this.bosTokenId = vocabulary.bosTokenId;
    this.eosTokenIds = vocabulary.endTokenIds;
    this.#vocabulary = vocabulary;
    this.#coder = coder;
    this.#before = textBegins(gguf, vocabulary, coder.addBos);
    this.#after = textEnds(gguf, vocabulary);
    this.#specials = longestFirst(specialTokens(gguf, vocabulary));
  }

  encode(text: string, { addSpecialTokens = true }: { addSpecialTokens?: boolean } = {}): number[] {
    const fragments = cutOut(this.#specials, withoutLoneSurrogates(text));
    const ids = fragments.flatMap((fragment, index) => {
      if (typeof fragment === 'number') return [fragment];
      const isAfterSpecial = typeof fragments[index - 1] !== 'string';
      return this.#coder.encode(this.#coder.addSpacePrefix && isAfterSpecial ? ` ${fragment}` : fragment);
    });
    return addSpecialTokens ? [...this.#before, ...ids, ...this.#after] : ids;
  }

  /**
   * The space that `encode` puts before a text is left out again, as llama.cpp and Hugging Face do: at the very beginning
   * of what is shown (so behind a BOS only when that is skipped, which is Hugging Face's way). The spaces that it puts
   * after special tokens inside of a text remain in both, and so here.
   */
  decode(ids: readonly number[], options?: { skipSpecialTokens?: boolean }): string {
    const [first, ...rest] = shownIds(this, ids, options);
    if (first === undefined) return '';
    return fromUtf8([this.#firstBytes(first), ...rest.map((id) => this.tokenBytes(id))]);
  }

  isSpecial(id: number): boolean {
    const kind = this.#vocabulary.kinds[id];
    return kind === tokenKinds.control || kind === tokenKinds.unknown || kind === tokenKinds.unused;
  }

  tokenBytes(id: number): Uint8Array {
    checkTokenId(id, this.vocabSize);
    const text = this.#vocabulary.tokens[id] ?? '';
    const spelled = this.isSpecial(id) ? null : this.#coder.bytes(text, this.#vocabulary.kinds[id]);
    return spelled ?? toUtf8(text);
  }

  #firstBytes(id: number): Uint8Array {
    const bytes = this.tokenBytes(id);
    // A token that begins with a space itself was cut out of the text, where nothing is put before it.
    const isSpelled = !this.isSpecial(id) && this.#vocabulary.tokens[id]?.[0] !== ' ';
    return this.#coder.addSpacePrefix && isSpelled && bytes[0] === space ? bytes.subarray(1) : bytes;
  }
}

const space = 0x20;

function specialTokens(gguf: GgufMetadata, { tokens, kinds }: GgufVocabulary): SpecialToken[] {
  const cut: readonly (number | undefined)[] = [tokenKinds.control, tokenKinds.userDefined, tokenKinds.unknown];
  const stripsRight = isPhi3(gguf);
  return tokens
    .map((text, id) => ({ id, text, stripsRight: stripsRight && !keepsSpaceInPhi3.includes(text) }))
    .filter(({ id, text }) => text !== '' && cut.includes(kinds[id]));
}

/** GGUF cannot say that a token takes the white space after it along; llama.cpp knows it of these models by their name. */
function isPhi3(gguf: GgufMetadata): boolean {
  return /phi-?3/.test(gguf.string('general.name', '').toLowerCase());
}

const keepsSpaceInPhi3: readonly string[] = ['<unk>', '<s>', '<|endoftext|>'];

function textBegins(gguf: GgufMetadata, { file, bosTokenId }: GgufVocabulary, byDefault: boolean): readonly number[] {
  const key = 'tokenizer.ggml.add_bos_token';
  if (!gguf.boolean(key, byDefault)) return [];
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

function readPreTokenizer(gguf: GgufMetadata): PreTokenizer {
  // Files older than the key were made for this one; llama.cpp reads them so, too.
  const name = gguf.string('tokenizer.ggml.pre', 'default');
  const pre = findPreTokenizer(name);
  if (pre !== undefined) return pre;
  const known = preTokenizerNames().join(', ');
  throw unsupported(gguf, 'tokenizer.ggml.pre', `the pre-tokenizer "${name}" is not known, only ${known}`);
}

function unsupported(gguf: GgufMetadata, key: string, found: string): UnsupportedModelError {
  return new UnsupportedModelError({
    modelType: gguf.has('general.architecture') ? gguf.string('general.architecture') : null,
    keys: [key],
    message: `${gguf.file}: ${found} (${key}); put the tokenizer.json of the original model beside the file`,
  });
}
