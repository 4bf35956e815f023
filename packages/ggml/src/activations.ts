import type { Engine } from './engine.ts';
import { type Pointer, present } from './pointer.ts';

/**
 * The memory in which the native graphs of a state compute, one at a time: as much as the largest of them needs. Each graph has
 * its own places in it, which stay the same for as long as the memory does.
 */
export class Activations {
  readonly #engine: Engine;
  readonly #allocator: Pointer;
  readonly #onMove: () => void;

  /** `onMove` is told when the memory is another: what graphs were placed before have their places no longer. */
  constructor(engine: Engine, onMove: () => void) {
    const { g } = engine;
    this.#engine = engine;
    this.#onMove = onMove;
    this.#allocator = present(g.gallocrNew(g.getDefaultBufferType(engine.backend)), 'an allocator');
  }

  get bytes(): number {
    return this.#engine.g.gallocrGetBufferSize(this.#allocator, 0);
  }

  /** Gives every tensor of a native graph its place. False when there is no memory. */
  place(native: Pointer): boolean {
    const { g } = this.#engine;
    const before = this.bytes;
    const isPlaced = g.gallocrAllocGraph(this.#allocator, native);
    if (this.bytes !== before) this.#onMove();
    return isPlaced;
  }

  free(): void {
    this.#engine.g.gallocrFree(this.#allocator);
  }
}
