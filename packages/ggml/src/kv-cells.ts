import { DoesNotFitError } from '@tttv2/spec';

/** As llama.cpp pads it: one decode graph serves this many steps. */
const cellPadding = 256;

/** Cells of a cache for so many tokens. */
export function padded(tokens: number): number {
  return Math.ceil(tokens / cellPadding) * cellPadding;
}

/**
 * Which cells of a cache belong to which sequence: a page table with pages of one token. A cell may be shared by
 * sequences with a common prefix; it is written once, and free again when the last of them lets go of it.
 */
export class KvCells {
  readonly cells: number;
  readonly #uses: Uint16Array;
  /** By slot, the cell of each token in order. */
  readonly #slots: Int32Array[];
  readonly #lengths: Int32Array;
  readonly #capacity: number;
  #used = 0;

  /** `capacity` tokens in all, `tokensPerSequence` in one of `sequences`; `cells` is the capacity as it was padded. */
  constructor(o: { cells: number; capacity: number; sequences: number; tokensPerSequence: number }) {
    this.cells = o.cells;
    this.#capacity = o.capacity;
    this.#uses = new Uint16Array(o.cells);
    this.#slots = Array.from({ length: o.sequences }, () => new Int32Array(o.tokensPerSequence));
    this.#lengths = new Int32Array(o.sequences);
  }

  length(slot: number): number {
    return this.#lengths[slot] ?? 0;
  }

  /** Cells of a slot's tokens in order. Valid until the slot changes. */
  of(slot: number): Int32Array {
    return this.#slotCells(slot).subarray(0, this.length(slot));
  }

  /** Adds `count` tokens to a slot, in the lowest free cells. @throws DoesNotFitError, with nothing added. */
  append(slot: number, count: number): void {
    const wanted = this.#used + count;
    if (wanted > this.#capacity) {
      const message = `the cache has room for ${this.#capacity} tokens, but ${wanted} are wanted: release a sequence, or ask for more`;
      throw new DoesNotFitError({ message, wanted, available: this.#capacity, unit: 'tokens' });
    }
    const [cells, length] = [this.#slotCells(slot), this.length(slot)];
    let cell = 0;
    for (let i = length; i < length + count; i++) {
      cell = this.#uses.indexOf(0, cell);
      cells[i] = cell;
      this.#uses[cell] = 1;
    }
    this.#used += count;
    this.#lengths[slot] = length + count;
  }

  truncate(slot: number, length: number): void {
    for (const cell of this.of(slot).subarray(length)) this.#letGo(cell);
    this.#lengths[slot] = Math.min(length, this.length(slot));
  }

  fork(from: number, to: number, length: number): void {
    if (from === to) {
      this.truncate(to, length);
      return;
    }
    const shared = this.of(from).slice(0, length);
    this.truncate(to, 0);
    for (const cell of shared) this.#uses[cell] = (this.#uses[cell] ?? 0) + 1;
    this.#slotCells(to).set(shared);
    this.#lengths[to] = shared.length;
  }

  /** One more than the highest cell in use. */
  highWater(): number {
    let high = this.cells;
    while (high > 0 && this.#uses[high - 1] === 0) high--;
    return high;
  }

  #letGo(cell: number): void {
    const uses = (this.#uses[cell] ?? 1) - 1;
    this.#uses[cell] = uses;
    if (uses === 0) this.#used--;
  }

  #slotCells(slot: number): Int32Array {
    const cells = this.#slots[slot];
    if (cells === undefined) throw new RangeError(`there is no slot ${slot}`);
    return cells;
  }
}
