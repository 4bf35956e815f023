import { type Blame, hasCode, TttError } from './ttt-error.ts';

const code = 'TTT_DEVICE_LOST';

/** A device that was there and failed while it computed. Its executables and states are gone: load again. */
export class DeviceLostError extends TttError {
  readonly code = code;
  override readonly name = 'DeviceLostError';
  override readonly blame: Blame = 'fault';
  readonly device: string;

  constructor(facts: { device: string; message: string; cause?: unknown }) {
    super(facts.message, { cause: facts.cause });
    this.device = facts.device;
  }

  static override isInstance(error: unknown): error is DeviceLostError {
    return hasCode(error, code);
  }
}
