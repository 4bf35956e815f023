import type { Executable } from '@tttv2/graph';
import type { ChatTemplate, GenerationConfig, Tokenizer } from '@tttv2/hf';
import {
  checkIds,
  type Detokenizer,
  type Generation,
  generate,
  greedy,
  type KeptSequence,
  type Sampling,
} from '@tttv2/runtime';
import {
  CheckpointError,
  type ModelSpec,
  RequestError,
  type TestConfig,
  type TestConfigOptions,
  testConfigs,
} from '@tttv2/spec';

export interface Message {
  role: string;
  content: string;
}

/** What to go on from: a conversation (through the chat template), plain text, or token ids. */
export type Prompt = { messages: readonly Message[] } | { prompt: string } | { promptIds: readonly number[] };

export type GenerateOptions = Prompt & {
  /** Default: as many as the context takes, at most 1024. */
  maxNewTokens?: number;
  /** Default: what `generation_config.json` says, else greedy. */
  sampling?: Partial<Sampling>;
  /** Log-probabilities of each new token and of so many likeliest ones, as the model gave them; default: none at all. */
  logprobs?: number;
  /** Strings that end the text. */
  stop?: readonly string[];
  /** Goes on after the model's end tokens. */
  ignoreEos?: boolean;
  /** Keeps keys and values for the next generation, as of a conversation; default: they go at the end. */
  sequence?: KeptSequence;
  signal?: AbortSignal;
};

/** Where a model's weights came from. */
export type WeightOrigin =
  | { kind: 'checkpoint'; name: string; format: 'safetensors' | 'gguf' }
  | { kind: 'given' }
  | { kind: 'random'; seed: number };

interface ModelParts {
  spec: ModelSpec;
  origin: WeightOrigin;
  executable: Executable;
  tokenizer: Tokenizer | null;
  chatTemplate: ChatTemplate | null;
  generation: GenerationConfig | null;
  close: () => Promise<void>;
}

/** A model on a device, ready to generate. */
export class Model implements AsyncDisposable {
  readonly spec: ModelSpec;
  readonly origin: WeightOrigin;
  readonly executable: Executable;
  readonly tokenizer: Tokenizer | null;
  readonly chatTemplate: ChatTemplate | null;
  readonly generationConfig: GenerationConfig | null;
  readonly #close: () => Promise<void>;

  constructor({ spec, origin, executable, tokenizer, chatTemplate, generation, close }: ModelParts) {
    this.spec = spec;
    this.origin = origin;
    this.executable = executable;
    this.tokenizer = tokenizer;
    this.chatTemplate = chatTemplate;
    this.generationConfig = generation;
    this.#close = close;
  }

  /** The token ids that a prompt is fed as, special tokens included. @throws RequestError, CheckpointError */
  encode(prompt: Prompt): number[] {
    if ('promptIds' in prompt) {
      checkIds(prompt.promptIds, this.spec.vocabSize);
      return [...prompt.promptIds];
    }
    const tokenizer = this.#needTokenizer();
    if ('prompt' in prompt) return tokenizer.encode(prompt.prompt);
    if (this.chatTemplate === null) {
      throw new RequestError({
        field: 'messages',
        message: 'the model has no chat template: give a plain prompt instead',
      });
    }
    return withBos(
      tokenizer,
      tokenizer.encode(this.chatTemplate.render(prompt.messages, { addGenerationPrompt: true }), {
        addSpecialTokens: false,
      }),
    );
  }

  /**
   * Generates text: iterate over the result for pieces as they come, or await its `result()`.
   * @throws RequestError, DoesNotFitError for what cannot be served.
   */
  generate(options: GenerateOptions): Generation {
    const { maxNewTokens, sampling, logprobs, stop, ignoreEos, sequence, signal } = options;
    const { spec, executable } = this;
    return generate(
      { executable, detokenizer: detokenizerOf(this.tokenizer), vocabSize: spec.vocabSize, maxSeqLen: spec.maxSeqLen },
      {
        promptIds: this.encode(options),
        sampling: { ...this.#defaultSampling(), ...sampling },
        stopTokenIds: ignoreEos ? [] : (this.generationConfig?.eosTokenIds ?? []),
        ...(maxNewTokens === undefined ? {} : { maxNewTokens }),
        ...(logprobs === undefined ? {} : { logprobs }),
        ...(stop === undefined ? {} : { stop }),
        ...(sequence === undefined ? {} : { sequence }),
        ...(signal === undefined ? {} : { signal }),
      },
    );
  }

  /** The modules of this model that can be tested alone, by their scopes, and what they should take. */
  getTestConfigs(options: TestConfigOptions = {}): TestConfig[] {
    return testConfigs(this.spec, options);
  }

  /** Frees the device and closes the files. */
  async dispose(): Promise<void> {
    await this.executable.dispose();
    await this.#close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }

  #defaultSampling(): Partial<Sampling> {
    const defaults = this.generationConfig?.defaults;
    if (defaults === undefined) return greedy;
    const { temperature = 1, topK = 50, topP = 1, minP = 0, repetitionPenalty = 1 } = defaults;
    // As in transformers: a penalty holds for the likeliest token, too; the rest is for drawing alone.
    if (!defaults.doSample) return { ...greedy, repetitionPenalty };
    return { temperature, topK, topP, minP, repetitionPenalty };
  }

  #needTokenizer(): Tokenizer {
    if (this.tokenizer !== null) return this.tokenizer;
    const file = this.origin.kind === 'checkpoint' ? this.origin.name : 'model';
    throw new CheckpointError({ file, message: 'has no tokenizer (tokenizer.json): give token ids instead of text' });
  }
}

/** Templates write the BOS token themselves; where one does not and the tokenizer asks for it, it is added. */
function withBos(tokenizer: Tokenizer, ids: number[]): number[] {
  const [first] = tokenizer.encode('');
  const isWanted = first !== undefined && first === tokenizer.bosTokenId;
  return isWanted && ids[0] !== first ? [first, ...ids] : ids;
}

/** Ids that the tokenizer does not know have no text: many models have more rows than there are tokens, or no tokenizer. */
function detokenizerOf(tokenizer: Tokenizer | null): Detokenizer {
  if (tokenizer === null) return { decode: () => '' };
  const isKnown = (id: number) => id < tokenizer.vocabSize;
  return { decode: (ids, options) => tokenizer.decode(ids.filter(isKnown), options) };
}
