import { dtypeSchema, dtypes, type ProductLayout } from '@tttv2/spec';
import { newArena, sizesOf } from './arena.ts';
import { Engine } from './engine.ts';
import { type GgmlDtype, ggmlTypes, int32Type, isGgmlDtype } from './ggml-type.ts';
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

  /** What has such a layout, and how large it is: each rule is of multiples of its rows and columns, for which no later one is. */
  rulesFor(dtype: GgmlDtype): ProductLayout[] {
    return (['matrices', 'experts'] as const).flatMap((of) => {
      const bytesOf = (rows: number, columns: number) =>
        of === 'matrices' ? this.bytesOf(dtype, [rows, columns]) : this.bytesOf(dtype, [2, rows, columns]) / 2;
      const rules: ProductLayout[] = [];
      for (const rows of powersOfTwo) {
        const columns = powersOfTwo
          .filter((count) => count % dtypes[dtype].elements === 0)
          .find((count) => bytesOf(rows, count) > 0);
        if (columns === undefined) continue;
        const [rule, last] = [{ dtype, of, rows, columns, bytes: bytesOf(rows, columns) }, rules.at(-1)];
        if (last === undefined || densityOf(last) !== densityOf(rule) || last.columns !== columns) rules.push(rule);
      }
      return rules;
    });
  }

  /** What a matrix takes in its layout; 0 where it has none. */
  bytesOf(dtype: GgmlDtype, shape: readonly number[]): number {
    const { g } = this.#engine;
    const bufferType = this.bufferTypeFor(dtype, shape);
    if (bufferType === null) return 0;
    const arena = newArena(g, 1);
    const bytes = g.buftGetAllocSize(bufferType, g.newTensor4d(arena, ggmlTypes[dtype], ...sizesOf(shape)));
    g.free(arena);
    return bytes;
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

const powersOfTwo = Array.from({ length: 11 }, (_, i) => 2 ** i);

/** Bytes of a number. */
function densityOf({ rows, columns, bytes }: ProductLayout): number {
  return bytes / (rows * columns);
}

/** All layouts that this processor has. */
export async function productLayouts(): Promise<ProductLayout[]> {
  const engine = new Engine({ threads: 1 });
  const layouts = new ProductLayouts(engine);
  const types = dtypeSchema.options.filter(isGgmlDtype).filter((dtype) => dtype !== 'float32');
  const found = types.flatMap((dtype) => layouts.rulesFor(dtype));
  await engine.dispose();
  return found;
}
