import { hasCode, TttError } from './ttt-error.ts';

const code = 'TTT_REQUEST';

/** A request to a loaded model, or a command line, that cannot be served as written: a token id out of range, an empty prompt. */
export class RequestError extends TttError {
  readonly code = code;
  override readonly name = 'RequestError';
  /** The option or field that is wrong, e.g. `promptIds[3]`. */
  readonly field: string;

  constructor(facts: { field: string; message: string; cause?: unknown }) {
    super(`${facts.field}: ${facts.message}`, { cause: facts.cause });
    this.field = facts.field;
  }

  static override isInstance(error: unknown): error is RequestError {
    return hasCode(error, code);
  }
}
