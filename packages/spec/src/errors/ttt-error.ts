/** What a failure means for whoever called: `input` is theirs to mend (CLI exit 2), `fault` is not (exit 1). */
export type Blame = 'input' | 'fault';

const marker = Symbol.for('tttv2.error');

/**
 * Base of every error that TTTv2 throws on purpose. The message says what was found, where, and what to do;
 * subclasses carry the same facts as fields.
 */
export abstract class TttError extends Error {
  /** Stable machine-readable name of the kind of failure. */
  abstract readonly code: string;
  readonly blame: Blame = 'input';
  readonly [marker] = true;

  /** True for an error of any copy of this package (two copies may be installed side by side). */
  static isInstance(error: unknown): error is TttError {
    return error instanceof Error && marker in error;
  }
}

/** True when `error` is a TttError with this code, whichever copy of the package made it. */
export function hasCode(error: unknown, code: string): boolean {
  return TttError.isInstance(error) && error.code === code;
}
