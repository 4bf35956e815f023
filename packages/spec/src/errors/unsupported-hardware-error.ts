import { hasCode, TttError } from './ttt-error.ts';

const code = 'TTT_UNSUPPORTED_HARDWARE';

/** A device that is not there, or a hardware setting or op that a backend refuses: which, why, and the nearest thing that works. */
export class UnsupportedHardwareError extends TttError {
  readonly code = code;
  override readonly name = 'UnsupportedHardwareError';
  /** The device or backend that refused. */
  readonly device: string;
  /** The `HardwareConfig` field, or the op, that was refused; null when the device itself is unknown. */
  readonly field: string | null;

  constructor(facts: { device: string; field?: string | null; message: string; cause?: unknown }) {
    super(facts.message, { cause: facts.cause });
    this.device = facts.device;
    this.field = facts.field ?? null;
  }

  static override isInstance(error: unknown): error is UnsupportedHardwareError {
    return hasCode(error, code);
  }
}
