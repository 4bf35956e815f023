import { Environment, Interpreter, parse, tokenize } from '@huggingface/jinja';
import { CheckpointError, RequestError } from '@tttv2/spec';
import { z } from 'zod';
import type { GgufMetadata } from './checkpoint/gguf-metadata.ts';
import { strftime } from './strftime.ts';
import { specialTokenTexts, type TokenizerConfig } from './tokenizer/tokenizer-config.ts';

/** One turn of a conversation. */
export interface ChatMessage {
  readonly role: string;
  readonly content: string;
}

export interface RenderOptions {
  /** Ends with what begins the model's answer. */
  readonly addGenerationPrompt: boolean;
  /** Functions that the model may call, as JSON Schemas, in the form that the model was trained with. */
  readonly tools?: readonly object[];
}

/** Writes a conversation as the text that a model was trained to continue. */
export interface ChatTemplate {
  /** The template, in Jinja. */
  readonly source: string;
  /**
   * @throws RequestError when the template refuses the messages, e.g. for the order of their roles.
   * @throws CheckpointError when the template itself fails.
   */
  render(messages: readonly ChatMessage[], options: RenderOptions): string;
}

export interface ChatTemplateSources {
  /** The content of `chat_template.jinja`. */
  readonly jinja?: string | undefined;
  readonly tokenizerConfig?: TokenizerConfig;
  readonly gguf?: GgufMetadata | null;
}

/**
 * The model's chat template: that of `chat_template.jinja`, else of `tokenizer_config.json` (of several, the one named
 * `default`), else of the GGUF file; null when there is none. @throws CheckpointError when it is not Jinja.
 */
export function loadChatTemplate(sources: ChatTemplateSources): ChatTemplate | null {
  const found = findTemplate(sources);
  return found === null ? null : new JinjaTemplate(found, tokensOf(sources));
}

interface FoundTemplate {
  readonly source: string;
  readonly file: string;
}

function findTemplate({ jinja, tokenizerConfig, gguf }: ChatTemplateSources): FoundTemplate | null {
  if (jinja !== undefined) return { source: jinja, file: 'chat_template.jinja' };
  const configured = tokenizerConfig?.chat_template;
  const source = Array.isArray(configured)
    ? configured.find(({ name }) => name === 'default')?.template
    : (configured ?? undefined);
  if (source !== undefined) return { source, file: 'tokenizer_config.json (chat_template)' };
  const key = 'tokenizer.chat_template';
  if (gguf?.has(key)) return { source: gguf.string(key), file: `${gguf.file} (${key})` };
  return null;
}

function tokensOf({ tokenizerConfig, gguf }: ChatTemplateSources): Record<string, string> {
  return {
    ...(gguf ? ggufTokens(gguf) : {}),
    ...(tokenizerConfig ? specialTokenTexts(tokenizerConfig) : {}),
  };
}

function ggufTokens(gguf: GgufMetadata): Record<string, string> {
  const tokens = gguf.strings('tokenizer.ggml.tokens', []);
  const keys = { bos_token: 'bos', eos_token: 'eos', unk_token: 'unknown', pad_token: 'padding' };
  return Object.fromEntries(
    Object.entries(keys).flatMap(([name, key]) => {
      const token = tokens[gguf.number(`tokenizer.ggml.${key}_token_id`, -1)];
      return token === undefined ? [] : [[name, token]];
    }),
  );
}

const messagesSchema = z.array(z.looseObject({ role: z.string(), content: z.string() }));

class JinjaTemplate implements ChatTemplate {
  readonly source: string;
  readonly #file: string;
  readonly #tokens: Readonly<Record<string, string>>;
  readonly #program: ReturnType<typeof parse>;

  constructor({ source, file }: FoundTemplate, tokens: Readonly<Record<string, string>>) {
    this.source = source;
    this.#file = file;
    this.#tokens = tokens;
    try {
      // As transformers sets Jinja up: white space around a block does not show.
      this.#program = parse(tokenize(source, { lstrip_blocks: true, trim_blocks: true }));
    } catch (cause) {
      throw this.#failure('is not a chat template that can be read', cause);
    }
  }

  render(messages: readonly ChatMessage[], { addGenerationPrompt, tools }: RenderOptions): string {
    checkMessages(messages);
    const variables = {
      ...globals,
      ...this.#tokens,
      messages: [...messages],
      tools: tools === undefined ? null : [...tools],
      add_generation_prompt: addGenerationPrompt,
    };
    const environment = new Environment();
    for (const [name, value] of Object.entries(variables)) environment.set(name, value);
    try {
      return String(new Interpreter(environment).run(this.#program).value);
    } catch (cause) {
      if (cause instanceof Refusal) throw new RequestError({ field: 'messages', message: cause.message, cause });
      throw this.#failure('the chat template failed', cause);
    }
  }

  #failure(what: string, cause: unknown): CheckpointError {
    const reason = cause instanceof Error ? cause.message : String(cause);
    return new CheckpointError({ file: this.#file, message: `${what}: ${reason}`, cause });
  }
}

function checkMessages(messages: readonly ChatMessage[]): void {
  const result = messagesSchema.safeParse(messages);
  if (result.success) return;
  const [issue] = result.error.issues;
  const field = ['messages', ...(issue?.path ?? [])].join('.');
  throw new RequestError({ field, message: issue?.message ?? 'are no messages', cause: result.error });
}

/** What a template says about messages that it does not take. */
class Refusal extends Error {}

/** What Jinja and transformers give every template. */
const globals = {
  true: true,
  false: false,
  none: null,
  True: true,
  False: false,
  None: null,
  range,
  strftime_now: (format: string) => strftime(new Date(), format),
  raise_exception: (message: string) => {
    throw new Refusal(message);
  },
};

/** Python's `range`. */
function range(start: number, stop?: number, step = 1): number[] {
  const [first, end] = stop === undefined ? [0, start] : [start, stop];
  const length = Math.max(0, Math.ceil((end - first) / step));
  return Array.from({ length }, (_, index) => first + index * step);
}
