import { hasCode, TttError } from './ttt-error.ts';

const code = 'TTT_CHECKPOINT';

/** A file of a checkpoint (weights, config, tokenizer, template) that is missing, cut short, or contradicts itself. */
export class CheckpointError extends TttError {
  readonly code = code;
  override readonly name = 'CheckpointError';
  /** The file as it was named to us. */
  readonly file: string;
  /** Byte offset at which the contradiction stands; null when it concerns the whole file. */
  readonly offset: number | null;

  constructor(facts: { file: string; offset?: number | null; message: string; cause?: unknown }) {
    const at = facts.offset === undefined || facts.offset === null ? '' : ` (at byte ${facts.offset})`;
    super(`${facts.file}${at}: ${facts.message}`, { cause: facts.cause });
    this.file = facts.file;
    this.offset = facts.offset ?? null;
  }

  static override isInstance(error: unknown): error is CheckpointError {
    return hasCode(error, code);
  }
}
