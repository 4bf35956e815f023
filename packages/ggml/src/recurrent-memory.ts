import { elementCount, type Graph, type Step } from '@tttv2/graph';
import { DoesNotFitError } from '@tttv2/spec';
import { nativeBytes, newArena } from './arena.ts';
import type { Engine } from './engine.ts';
import { ggmlTypes } from './ggml-type.ts';
import { type Pointer, present } from './pointer.ts';

/** One recurrent state of all sequences: `[rows, width]`, float32. */
export interface RecurrentRows {
  tensor: Pointer;
  /** Numbers in a row: the state of one sequence. */
  width: number;
  rows: number;
}

/** Two for each sequence: a step reads one and writes the other, so that one that fails has changed nothing. */
const rowsPerSequence = 2;

interface Sequence {
  /** Which of its two rows holds the state. */
  current: number;
  length: number;
  /** Tokens that the other row holds; null: nothing of use. */
  before: number | null;
}

/** The native memory of a graph's recurrent states, and which row holds what of which sequence. */
export class RecurrentMemory {
  readonly states: ReadonlyMap<string, RecurrentRows>;
  readonly bytes: number;
  readonly #engine: Engine;
  readonly #arena: Pointer;
  readonly #buffer: Pointer | null;
  readonly #sequences: Sequence[];

  /** @throws DoesNotFitError when there is no memory for it. */
  constructor(engine: Engine, graph: Graph, maxSequences: number) {
    const { g } = engine;
    const shapes = Object.entries(graph.states).flatMap(([name, state]) =>
      state.kind === 'recurrent' ? [{ name, width: elementCount(state.shape) }] : [],
    );
    const rows = rowsPerSequence * maxSequences;
    this.#engine = engine;
    this.#arena = newArena(g, shapes.length);
    this.states = new Map(
      shapes.map(({ name, width }) => {
        const tensor = g.newTensor4d(this.#arena, ggmlTypes.float32, width, rows, 1, 1);
        return [name, { tensor, width, rows }];
      }),
    );
    this.#buffer = shapes.length === 0 ? null : g.allocCtxTensors(this.#arena, engine.backend);
    if (shapes.length > 0 && this.#buffer === null) {
      g.free(this.#arena);
      const wanted = shapes.reduce((sum, { width }) => sum + 4 * width * rows, 0);
      const message = `no memory for ${wanted} bytes of recurrent states: ask for fewer sequences`;
      throw new DoesNotFitError({ message, wanted, available: 0, unit: 'bytes' });
    }
    this.bytes = this.#buffer === null ? 0 : g.bufferGetSize(this.#buffer);
    this.#sequences = Array.from({ length: maxSequences }, () => ({ current: 0, length: 0, before: null }));
  }

  /** Where sequences have their state, and where a step is to leave it. A sequence without tokens begins with zeros. */
  rowsFor({ sequences }: Pick<Step, 'sequences'>): { from: Int32Array; to: Int32Array } {
    for (const { slot } of sequences) if (this.#of(slot).length === 0) this.#clear(slot);
    const row = (slot: number, which: number) => rowsPerSequence * slot + which;
    return {
      from: Int32Array.from(sequences, ({ slot }) => row(slot, this.#of(slot).current)),
      to: Int32Array.from(sequences, ({ slot }) => row(slot, 1 - this.#of(slot).current)),
    };
  }

  /** A step is done: what it wrote is the state now, and what it read the one before. */
  advance({ sequences }: Pick<Step, 'sequences'>): void {
    for (const { slot, count } of sequences) {
      const sequence = this.#of(slot);
      sequence.current = 1 - sequence.current;
      sequence.before = sequence.length;
      sequence.length += count;
    }
  }

  /** Goes back to a length whose state is still there: none, the present one, or that before the last step. */
  truncate(slot: number, length: number): boolean {
    if (this.states.size === 0) return true;
    const sequence = this.#of(slot);
    if (length >= sequence.length) return true;
    if (length === sequence.before) sequence.current = 1 - sequence.current;
    else if (length !== 0) return false;
    sequence.length = length;
    sequence.before = null;
    return true;
  }

  /** Copies the state of the first `length` tokens, where it is still there. */
  fork(from: number, to: number, length: number): boolean {
    if (this.states.size === 0) return true;
    if (from === to) return this.truncate(to, length);
    const { current, length: present, before } = this.#of(from);
    const wanted = Math.min(length, present);
    if (wanted !== present && wanted !== before && wanted !== 0) return false;
    const source = rowsPerSequence * from + (wanted === present ? current : 1 - current);
    if (wanted > 0) this.#copy(source, rowsPerSequence * to);
    Object.assign(this.#of(to), { current: 0, length: wanted, before: null });
    return true;
  }

  free(): void {
    const { g } = this.#engine;
    if (this.#buffer !== null) g.bufferFree(this.#buffer);
    g.free(this.#arena);
  }

  #of(slot: number): Sequence {
    const sequence = this.#sequences[slot];
    if (sequence === undefined) throw new RangeError(`there is no slot ${slot}`);
    return sequence;
  }

  #clear(slot: number): void {
    const row = rowsPerSequence * slot + this.#of(slot).current;
    for (const state of this.states.values()) this.#bytes(state, row).fill(0);
  }

  #copy(from: number, to: number): void {
    for (const state of this.states.values()) this.#bytes(state, to).set(this.#bytes(state, from));
  }

  #bytes({ tensor, width, rows }: RecurrentRows, row: number): Uint8Array {
    const { g } = this.#engine;
    const bytes = nativeBytes(present(g.getData(tensor), 'the memory of a state'), 4 * width * rows);
    return bytes.subarray(4 * width * row, 4 * width * (row + 1));
  }
}
