import { newArena, sizesOf } from './arena.ts';
import type { Engine } from './engine.ts';
import type { GgmlDtype } from './ggml-type.ts';
import { ggmlTypes, int32Type } from './ggml-type.ts';
import type { Pointer } from './pointer.ts';

/** Layouts of matrices in which this processor multiplies faster than in the one of files. */
export class ProductLayouts {
  readonly #engine: Engine;
  readonly #bufferTypes: readonly Pointer[];
  readonly #known = new Map<string, Pointer | null>();

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#bufferTypes = engine.extraBufferTypes();
  }

  /** The buffer type whose memory holds a matrix `[out, in]` in such a layout, or experts `[E, out, in]`; null: there is none. */
  bufferTypeFor(dtype: GgmlDtype, shape: readonly number[]): Pointer | null {
    const key = `${dtype} ${shape}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const found = this.#bufferTypes.find((type) => this.#canMultiply(type, dtype, shape)) ?? null;
    this.#known.set(key, found);
    return found;
  }

  /** Asks the device about a product with such a matrix, in memory that nobody touches. */
  #canMultiply(bufferType: Pointer, dtype: GgmlDtype, shape: readonly number[]): boolean {
    const { g, device } = this.#engine;
    const arena = newArena(g, 4);
    const sizes = sizesOf(shape);
    const matrix = g.newTensor4d(arena, ggmlTypes[dtype], ...sizes);
    const buffer = g.allocCtxTensorsFromBuft(arena, bufferType);
    const x = g.newTensor4d(arena, ggmlTypes.float32, sizes[0], 1, 1, 1);
    const product =
      shape.length === 2
        ? g.mulMat(arena, matrix, x)
        : g.mulMatId(arena, matrix, x, g.newTensor4d(arena, int32Type, 1, 1, 1, 1));
    const isSupported = buffer !== null && g.devSupportsOp(device, product);
    if (buffer !== null) g.bufferFree(buffer);
    g.free(arena);
    return isSupported;
  }
}
