import { hasCode, TttError } from './ttt-error.ts';

const code = 'TTT_WEIGHT_MISMATCH';

/** The weights of a checkpoint are not those of the model: one missing, one unused, or one of another shape. */
export class WeightMismatchError extends TttError {
  readonly code = code;
  override readonly name = 'WeightMismatchError';
  /** Parameters of the model that the checkpoint does not hold. */
  readonly missing: readonly string[];
  /** Tensors of the checkpoint that no parameter uses. */
  readonly unused: readonly string[];
  /** Tensors whose shape or dtype is not the expected one. */
  readonly wrong: readonly { name: string; expected: string; found: string }[];

  constructor(facts: {
    message: string;
    missing?: readonly string[];
    unused?: readonly string[];
    wrong?: readonly { name: string; expected: string; found: string }[];
  }) {
    super(facts.message);
    this.missing = facts.missing ?? [];
    this.unused = facts.unused ?? [];
    this.wrong = facts.wrong ?? [];
  }

  static override isInstance(error: unknown): error is WeightMismatchError {
    return hasCode(error, code);
  }
}
