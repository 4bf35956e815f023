import { CheckpointError } from '@tttv2/spec';
import type { GgufMetadata } from '../checkpoint/gguf-metadata.ts';

/** What a token is for. Source: `llama_token_type` of llama.cpp; its other kinds are text like `normal`. */
export const tokenKinds = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;

/** The tokens of a GGUF file, as its `tokenizer.ggml.*` keys describe them. */
export interface GgufVocabulary {
  /** The file as it was named to us. */
  readonly file: string;
  /** Text of each token as the file spells it. */
  readonly tokens: readonly string[];
  /** `tokenKinds` of each token. */
  readonly kinds: readonly number[];
  readonly tokenIds: ReadonlyMap<string, number>;
  readonly bosTokenId: number | null;
  readonly eosTokenId: number | null;
  /** What stands for text that no other token spells. */
  readonly unknownTokenId: number | null;
  /** Every token that ends a turn or a text. */
  readonly endTokenIds: readonly number[];
}

/** Ids of special tokens that hold when the file does not name them. */
export type DefaultTokenIds = Partial<Record<'bos' | 'eos' | 'unknown', number>>;

/** @throws CheckpointError when the keys contradict one another. */
export function readGgufVocabulary(gguf: GgufMetadata, defaults: DefaultTokenIds = {}): GgufVocabulary {
  const { file } = gguf;
  const tokens = gguf.strings('tokenizer.ggml.tokens');
  const tokenIds = indexTokens(tokens, file);
  const kinds = readKinds(gguf, tokens);
  const idOf = (name: string, otherwise?: number): number | null =>
    readTokenId(gguf, `tokenizer.ggml.${name}_token_id`, tokens.length) ?? tokenIdWithin(tokens.length, otherwise);
  const eosTokenId = idOf('eos', defaults.eos);
  const endTokenIds = new Set([eosTokenId, idOf('eot'), idOf('eom'), ...findEndings(tokenIds)]);
  return {
    file,
    tokens,
    kinds: kinds.map((kind, id) => (kind === tokenKinds.normal && endTokenIds.has(id) ? tokenKinds.control : kind)),
    tokenIds,
    bosTokenId: idOf('bos', defaults.bos),
    eosTokenId,
    unknownTokenId: idOf('unknown', defaults.unknown),
    endTokenIds: [...endTokenIds].filter((id) => id !== null),
  };
}

/**
 * Texts that end a turn in every vocabulary that has them. Many files name one `eos_token_id` where their chat template
 * ends a turn with another token, and their model would never stop. Source: the list of `llama-vocab.cpp` in llama.cpp,
 * without what it keeps for fill-in-the-middle, and without `</s>` and `<eos>`: where they end a text the file says so, and
 * Qwen's vocabularies have `</s>` as the HTML that it is.
 */
const endings = [
  '<|endoftext|>',
  '<|end_of_text|>',
  '<|eot_id|>',
  '<|eom_id|>',
  '<|im_end|>',
  '<|return|>',
  '<|call|>',
  '<|end|>',
  '<end_of_turn>',
  '<end_of_utterance>',
  '<EOT>',
  '_<EOT>',
  '[EOT]',
  '[EOS]',
  '<｜end▁of▁sentence｜>',
];

function findEndings(tokenIds: ReadonlyMap<string, number>): number[] {
  // In the harmony format <|end|> ends a message, and the turn goes on.
  const isHarmony = tokenIds.has('<|return|>') && tokenIds.has('<|call|>');
  return endings
    .filter((text) => !(isHarmony && text === '<|end|>'))
    .map((text) => tokenIds.get(text))
    .filter((id) => id !== undefined);
}

function indexTokens(tokens: readonly string[], file: string): Map<string, number> {
  const ids = new Map<string, number>();
  for (const [id, token] of tokens.entries()) {
    const first = ids.get(token);
    if (first !== undefined) {
      const message = `tokenizer.ggml.tokens has ${JSON.stringify(token)} twice, as ${first} and as ${id}`;
      throw new CheckpointError({ file, message });
    }
    // Converters pad vocabularies with empty tokens; nothing is spelled with them.
    if (token !== '') ids.set(token, id);
  }
  return ids;
}

function readKinds(gguf: GgufMetadata, tokens: readonly string[]): readonly number[] {
  if (!gguf.has('tokenizer.ggml.token_type')) return tokens.map(() => tokenKinds.normal);
  const kinds = gguf.numbers('tokenizer.ggml.token_type');
  if (kinds.length === tokens.length) return kinds;
  const message = `tokenizer.ggml.token_type has ${kinds.length} entries for ${tokens.length} tokens`;
  throw new CheckpointError({ file: gguf.file, message });
}

function tokenIdWithin(vocabSize: number, id: number | undefined): number | null {
  return id !== undefined && id < vocabSize ? id : null;
}

function readTokenId(gguf: GgufMetadata, key: string, vocabSize: number): number | null {
  if (!gguf.has(key)) return null;
  const id = gguf.number(key);
  if (Number.isInteger(id) && id >= 0 && id < vocabSize) return id;
  throw new CheckpointError({
    file: gguf.file,
    message: `${key} is ${id}, but the vocabulary has ${vocabSize} tokens`,
  });
}
