import type { GenerateOptions, Message, Model } from '@tttv2/factory';
import { type GenerateResult, KeptSequence } from '@tttv2/runtime';

/** How a model answers: as `GenerateOptions` has it. */
export type AnswerSettings = Pick<GenerateOptions, 'maxNewTokens' | 'sampling'>;

/** A conversation with a model, which computes of each turn only what is new. */
export class Conversation implements Disposable {
  readonly #model: Model;
  readonly #settings: AnswerSettings;
  readonly #sequence: KeptSequence;
  readonly #system: readonly Message[];
  #messages: readonly Message[];

  constructor(model: Model, system: string | undefined, settings: AnswerSettings) {
    this.#model = model;
    this.#settings = settings;
    this.#sequence = new KeptSequence(model.executable, model.spec.maxSeqLen);
    this.#system = system === undefined ? [] : [{ role: 'system', content: system }];
    this.#messages = this.#system;
  }

  /** What was said, the system message first. */
  get messages(): readonly Message[] {
    return this.#messages;
  }

  /**
   * Says `content` and gives the answer to `show` as it comes. What was said of an answer that is aborted counts; when
   * that is nothing, or there can be no answer, nothing was said at all. @throws RequestError, DoesNotFitError
   */
  async answer(content: string, show: (text: string) => void, signal: AbortSignal): Promise<GenerateResult> {
    const messages = [...this.#messages, { role: 'user', content }];
    const generation = this.#model.generate({ messages, ...this.#settings, sequence: this.#sequence, signal });
    for await (const { text } of generation) show(text);
    const result = await generation.result();
    if (result.finishReason !== 'abort' || result.text !== '')
      this.#messages = [...messages, { role: 'assistant', content: result.text }];
    return result;
  }

  /** Forgets all but the system message. */
  clear(): void {
    this.#messages = this.#system;
  }

  [Symbol.dispose](): void {
    this.#sequence[Symbol.dispose]();
  }
}
