import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import { CheckpointError } from '@tttv2/spec';
import { z } from 'zod';
import { parseJson } from '../parse-json.ts';
import { spelledBytes } from './byte-alphabet.ts';
import { spellOutWords } from './byte-level-words.ts';
import { checkTokenId, shownIds } from './token-ids.ts';
import type { Tokenizer } from './tokenizer.ts';
import { specialTokenTexts, type TokenizerConfig } from './tokenizer-config.ts';
import { fromUtf8, toUtf8, withoutLoneSurrogates } from './utf8.ts';

/**
 * The tokenizer that a `tokenizer.json` describes; `config` is the content of the `tokenizer_config.json` beside it, which
 * names BOS and EOS. @throws CheckpointError that names the file and what is wrong in it.
 */
export function tokenizerFromJson(text: string, config: TokenizerConfig = {}, file = 'tokenizer.json'): Tokenizer {
  const description = parseJson(text, tokenizerSchema, file);
  return new JsonTokenizer(description, config, file);
}

const id = z.int().nonnegative();
const component = z.looseObject({ type: z.string() });
const decoder = z.looseObject({ type: z.string(), decoders: z.array(component).optional() });

// What we read, and what the library takes for granted. It checks the rest itself.
const tokenizerSchema = z.looseObject({
  model: z.looseObject({
    // Files of the first years do not say.
    type: z.enum(['BPE', 'Unigram', 'WordPiece'], 'must be BPE, Unigram or WordPiece').optional(),
    vocab: z.union([z.record(z.string(), id), z.array(z.tuple([z.string(), z.number()]))], 'must be a vocabulary'),
  }),
  added_tokens: z.array(z.looseObject({ id, content: z.string(), special: z.boolean().default(false) })).default([]),
  normalizer: component.nullable().default(null),
  pre_tokenizer: component.nullable().default(null).transform(spellOutWords),
  post_processor: component.nullable().default(null),
  decoder: decoder.nullable().default(null),
});

type Description = z.infer<typeof tokenizerSchema>;

class JsonTokenizer implements Tokenizer {
  readonly vocabSize: number;
  readonly bosTokenId: number | null;
  readonly eosTokenIds: readonly number[];
  readonly #library: HuggingFaceTokenizer;
  readonly #file: string;
  readonly #isByteLevel: boolean;
  /** Tokens that were added to the vocabulary: they are written as they are read. */
  readonly #added: ReadonlyMap<number, { readonly content: string; readonly special: boolean }>;

  constructor(description: Description, config: TokenizerConfig, file: string) {
    this.#file = file;
    this.#library = this.#explained('cannot be used', () => new HuggingFaceTokenizer(description, config));
    this.#isByteLevel = isByteLevel(description.decoder);
    this.#added = new Map(description.added_tokens.map((token) => [token.id, token]));
    this.vocabSize = 1 + largest([...vocabularyIds(description.model.vocab), ...this.#added.keys()]);
    const { bos_token, eos_token } = specialTokenTexts(config);
    this.bosTokenId = this.#idOf(bos_token);
    this.eosTokenIds = [this.#idOf(eos_token)].filter((id) => id !== null);
  }

  encode(text: string, { addSpecialTokens = true }: { addSpecialTokens?: boolean } = {}): number[] {
    const { ids } = this.#explained('cannot encode this text', () =>
      this.#library.encode(withoutLoneSurrogates(text), { add_special_tokens: addSpecialTokens }),
    );
    // Where the vocabulary has no token, not even one for what is unknown, the library leaves a hole.
    return ids.filter((id: number | undefined) => id !== undefined);
  }

  decode(ids: readonly number[], options?: { skipSpecialTokens?: boolean }): string {
    const shown = shownIds(this, ids, options);
    if (this.#isByteLevel) return fromUtf8(shown.map((id) => this.#bytes(id)));
    // The library refuses an empty list.
    if (shown.length === 0) return '';
    return this.#explained('cannot decode these ids', () =>
      this.#library.decode([...shown], { clean_up_tokenization_spaces: false }),
    );
  }

  isSpecial(id: number): boolean {
    return this.#added.get(id)?.special ?? false;
  }

  tokenBytes(id: number): Uint8Array | null {
    checkTokenId(id, this.vocabSize);
    return this.#isByteLevel ? this.#bytes(id) : null;
  }

  #bytes(id: number): Uint8Array {
    const added = this.#added.get(id);
    if (added !== undefined) return toUtf8(added.content);
    // Ids need not be contiguous: one in a gap has no text.
    const token = this.#library.id_to_token(id) ?? '';
    return spelledBytes(token) ?? toUtf8(token);
  }

  #idOf(token: string | undefined): number | null {
    return token === undefined ? null : (this.#library.token_to_id(token) ?? null);
  }

  #explained<T>(what: string, work: () => T): T {
    try {
      return work();
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new CheckpointError({ file: this.#file, message: `${what}: ${reason}`, cause });
    }
  }
}

/** A decoder that does anything besides joining bytes may change what a token stands for. */
function isByteLevel(decoder: Description['decoder']): boolean {
  if (decoder === null) return false;
  const steps = decoder.decoders ?? [decoder];
  return steps.length > 0 && steps.every(({ type }) => type === 'ByteLevel');
}

function vocabularyIds(vocab: Description['model']['vocab']): number[] {
  return Array.isArray(vocab) ? [...vocab.keys()] : Object.values(vocab);
}

function largest(ids: readonly number[]): number {
  return ids.reduce((largest, id) => Math.max(largest, id), -1);
}
