import { hasCode, TttError } from './ttt-error.ts';

const code = 'TTT_SPEC';

/** A specification (model, layer, hardware, device) with a wrong, unknown or contradictory field. */
export class SpecError extends TttError {
  readonly code = code;
  override readonly name = 'SpecError';
  /** Where in the specification, e.g. `layers.3.mixer.numKvHeads`; empty for the whole. */
  readonly path: string;

  constructor(facts: { path: string; message: string; cause?: unknown }) {
    super(facts.path === '' ? facts.message : `${facts.path}: ${facts.message}`, { cause: facts.cause });
    this.path = facts.path;
  }

  static override isInstance(error: unknown): error is SpecError {
    return hasCode(error, code);
  }
}
