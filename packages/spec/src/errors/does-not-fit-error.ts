import { hasCode, TttError } from './ttt-error.ts';

const code = 'TTT_DOES_NOT_FIT';

/** Something is larger than the room there is: a prompt beyond the context, a model beyond the memory. */
export class DoesNotFitError extends TttError {
  readonly code = code;
  override readonly name = 'DoesNotFitError';
  /** What was asked for, in `unit`. */
  readonly wanted: number;
  /** What there is, in `unit`. */
  readonly available: number;
  readonly unit: 'bytes' | 'tokens' | 'sequences';

  constructor(facts: { message: string; wanted: number; available: number; unit: 'bytes' | 'tokens' | 'sequences' }) {
    super(facts.message);
    this.wanted = facts.wanted;
    this.available = facts.available;
    this.unit = facts.unit;
  }

  static override isInstance(error: unknown): error is DoesNotFitError {
    return hasCode(error, code);
  }
}
