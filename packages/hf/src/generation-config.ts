import { z } from 'zod';
import type { GgufMetadata } from './checkpoint/gguf-metadata.ts';
import { parseJson } from './parse-json.ts';
import type { Tokenizer } from './tokenizer/tokenizer.ts';

/** How a model's makers want it to generate, where the caller does not say. */
export interface GenerationConfig {
  /** Every token that ends a text, by whichever file names it. */
  readonly eosTokenIds: readonly number[];
  /** The token that begins a text; null when no file names one. */
  readonly bosTokenId: number | null;
  /** Only what `generation_config.json` states; `doSample` is false unless it says otherwise, as in transformers. */
  readonly defaults: SamplingDefaults;
}

export interface SamplingDefaults {
  readonly doSample: boolean;
  readonly temperature?: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly minP?: number;
  readonly repetitionPenalty?: number;
}

export interface GenerationSources {
  /** Text of `generation_config.json`. */
  readonly generationConfig?: string | undefined;
  /** Text of `config.json`, which names BOS and EOS, too. */
  readonly config?: string | undefined;
  readonly tokenizer?: Tokenizer | null;
  readonly gguf?: GgufMetadata | null;
}

/** @throws CheckpointError that names the file and the field whose value is of a wrong type. */
export function loadGenerationConfig({
  generationConfig,
  config,
  tokenizer,
  gguf,
}: GenerationSources): GenerationConfig {
  const stated = parseJson(generationConfig ?? '{}', generationSchema, 'generation_config.json');
  const model = parseJson(config ?? '{}', tokenIdsSchema, 'config.json');
  const ggufIds = (['eos', 'eot', 'eom'] as const).map((name) => ggufTokenId(gguf, name));
  const eosTokenIds = [stated.eos_token_id, model.eos_token_id, tokenizer?.eosTokenIds, ggufIds].flat().filter(isId);
  const bosTokenIds = [stated.bos_token_id, model.bos_token_id, tokenizer?.bosTokenId, ggufTokenId(gguf, 'bos')];
  return {
    eosTokenIds: [...new Set(eosTokenIds)],
    bosTokenId: bosTokenIds.find(isId) ?? null,
    defaults: samplingDefaults(stated),
  };
}

const tokenId = z.int().nonnegative();
const tokenIdsSchema = z.looseObject({
  bos_token_id: tokenId.nullish(),
  eos_token_id: z.union([tokenId, z.array(tokenId)], 'must be a token id or a list of them').nullish(),
});
const generationSchema = tokenIdsSchema.extend({
  do_sample: z.boolean().nullish(),
  temperature: z.number().nonnegative().nullish(),
  top_k: z.int().nonnegative().nullish(),
  top_p: z.number().nonnegative().nullish(),
  min_p: z.number().nonnegative().nullish(),
  repetition_penalty: z.number().nonnegative().nullish(),
});

type Stated = z.infer<typeof generationSchema>;

function samplingDefaults(stated: Stated): SamplingDefaults {
  return {
    doSample: stated.do_sample ?? false,
    ...given('temperature', stated.temperature),
    ...given('topK', stated.top_k),
    ...given('topP', stated.top_p),
    ...given('minP', stated.min_p),
    ...given('repetitionPenalty', stated.repetition_penalty),
  };
}

function given<K extends string>(
  name: K,
  value: number | null | undefined,
): { [P in K]?: number } | Record<never, never> {
  return value === null || value === undefined ? {} : { [name]: value };
}

function ggufTokenId(gguf: GgufMetadata | null | undefined, name: string): number | null {
  const key = `tokenizer.ggml.${name}_token_id`;
  return gguf?.has(key) ? gguf.number(key) : null;
}

function isId(id: number | null | undefined): id is number {
  return id !== null && id !== undefined;
}
