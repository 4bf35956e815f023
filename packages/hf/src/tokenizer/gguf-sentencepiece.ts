import { CheckpointError } from '@tttv2/spec';
import type { GgufMetadata } from '../checkpoint/gguf-metadata.ts';
import type { GgufTextCoder } from './gguf-text-coder.ts';
import { type DefaultTokenIds, type GgufVocabulary, tokenKinds } from './gguf-vocabulary.ts';
import { joinNeighbours } from './join-neighbours.ts';
import { toUtf8 } from './utf8.ts';

/** The special tokens of Llama's first vocabulary, which files of that time do not name. */
export const sentencePieceDefaults: DefaultTokenIds = { unknown: 0, bos: 1, eos: 2 };

/**
 * SentencePiece's BPE (`tokenizer.ggml.model` = `llama`): characters, joined wherever the joined text is a token, the token
 * of the highest score first; what then is no token becomes its bytes. Source: `llm_tokenizer_spm_session` of llama.cpp,
 * `src/llama-vocab.cpp`. It also splits what was joined and is no token, which cannot be: only tokens are joined. Where the
 * vocabulary has no byte tokens, llama.cpp fails; here a character becomes the unknown token, as in SentencePiece.
 */
export class GgufSentencePiece implements GgufTextCoder {
  readonly addBos = true;
  readonly addSpacePrefix: boolean;
  readonly #tokenIds: ReadonlyMap<string, number>;
  readonly #ranks: readonly number[];
  readonly #unknown: readonly number[];

  constructor(gguf: GgufMetadata, vocabulary: GgufVocabulary) {
    this.addSpacePrefix = gguf.boolean('tokenizer.ggml.add_space_prefix', true);
    this.#tokenIds = vocabulary.tokenIds;
    this.#ranks = ranksOf(readScores(gguf, vocabulary));
    this.#unknown = vocabulary.unknownTokenId === null ? [] : [vocabulary.unknownTokenId];
  }

  encode(text: string): number[] {
    const spelled = text.replaceAll(' ', spaceMark);
    const starts = characterStarts(spelled);
    const symbol = (left: number, end: number): string => spelled.slice(starts[left], starts[end]);
    const remaining = joinNeighbours(starts.length, {
      rank: (left, _, end) => this.#ranks[this.#tokenIds.get(symbol(left, end)) ?? -1],
    });
    return remaining.flatMap((left, index) => this.#idsOf(symbol(left, remaining[index + 1] ?? starts.length)));
  }

  bytes(token: string, kind: number | undefined): Uint8Array {
    const [, byte] = kind === tokenKinds.byte ? (/^<0x([0-9A-F]{2})>$/.exec(token) ?? []) : [];
    return byte === undefined ? toUtf8(token.replaceAll(spaceMark, ' ')) : Uint8Array.of(Number.parseInt(byte, 16));
  }

  #idsOf(symbol: string): readonly number[] {
    const id = this.#tokenIds.get(symbol);
    if (id !== undefined) return [id];
    const bytes = Array.from(toUtf8(symbol), (byte) => this.#tokenIds.get(byteToken(byte)));
    return bytes.every((byte) => byte !== undefined) ? bytes : this.#unknown;
  }
}

/** What SentencePiece writes for a space. */
const spaceMark = '▁';

function byteToken(byte: number): string {
  return `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;
}

function characterStarts(text: string): number[] {
  const starts: number[] = [];
  let at = 0;
  for (const character of text) {
    starts.push(at);
    at += character.length;
  }
  return starts;
}

/** The place of each score among all, highest first; equal scores share one. */
function ranksOf(scores: readonly number[]): number[] {
  const places = new Map([...new Set(scores)].toSorted((a, b) => b - a).map((score, place) => [score, place]));
  return scores.map((score) => places.get(score) ?? 0);
}

function readScores(gguf: GgufMetadata, { file, tokens }: GgufVocabulary): readonly number[] {
  const key = 'tokenizer.ggml.scores';
  if (!gguf.has(key)) return tokens.map(() => 0);
  const scores = gguf.numbers(key);
  if (scores.length === tokens.length) return scores;
  throw new CheckpointError({ file, message: `${key} has ${scores.length} entries for ${tokens.length} tokens` });
}
