import type { Executable, State } from '@tttv2/graph';
import { DoesNotFitError, RequestError } from '@tttv2/spec';

const slot = 0;

/**
 * A sequence that stays on the device between generations: of a prompt that begins like the text before, only the rest is
 * computed. For one generation at a time.
 */
export class KeptSequence implements Disposable {
  readonly #executable: Executable;
  readonly #maxSeqLen: number | null;
  #state: State | null = null;
  #room = 0;
  /** Those whose keys and values the device holds. */
  #ids: readonly number[] = [];
  #isInUse = false;

  /** `maxSeqLen` is the model's longest sequence; null: any. */
  constructor(executable: Executable, maxSeqLen: number | null) {
    this.#executable = executable;
    this.#maxSeqLen = maxSeqLen;
  }

  /**
   * A state with room for `total` tokens, and how many of `ids` it holds already: all but the last at most.
   * @throws RequestError while another generation uses it. @throws DoesNotFitError
   */
  begin(ids: readonly number[], total: number): { state: State; from: number } {
    if (this.#isInUse)
      throw new RequestError({ field: 'sequence', message: 'is in use by another generation: await its end first' });
    const from = Math.min(commonStart(this.#ids, ids), ids.length - 1);
    const state = total <= this.#room && this.#state !== null ? this.#state : this.#renew(total);
    this.#isInUse = true;
    if (state.length(slot) > 0 && state.truncate(slot, from)) return { state, from };
    // Not every device can go back to every length.
    state.release(slot);
    return { state, from: 0 };
  }

  /** `ids` were to be computed; what the device holds of them stays. */
  end(ids: readonly number[]): void {
    this.#isInUse = false;
    this.#ids = ids.slice(0, this.#state?.length(slot) ?? 0);
  }

  /** Frees the device; a later generation begins anew. */
  [Symbol.dispose](): void {
    this.#state?.dispose();
    this.#state = null;
    this.#room = 0;
    this.#ids = [];
  }

  /** Twice the room, so that the next prompt, which is longer, finds some; where that does not fit, what is needed. */
  #renew(total: number): State {
    this[Symbol.dispose]();
    const generous = Math.max(total, Math.min(2 * total, this.#maxSeqLen ?? 2 * total));
    try {
      return this.#create(generous);
    } catch (error) {
      if (generous === total || !DoesNotFitError.isInstance(error)) throw error;
      return this.#create(total);
    }
  }

  #create(room: number): State {
    this.#state = this.#executable.createState({ maxSequences: 1, totalTokens: room, tokensPerSequence: room });
    this.#room = room;
    return this.#state;
  }
}

function commonStart(a: readonly number[], b: readonly number[]): number {
  const differing = a.findIndex((id, i) => id !== b[i]);
  return differing < 0 ? a.length : differing;
}
