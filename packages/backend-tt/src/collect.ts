import { concreteShape, type Dim, elementCount, type FloatTensor, type StepSizes } from '@tttv2/graph';
import type { Call } from './call.ts';
import type { Value } from './python.ts';

/** One value of the graph, put together from the calls of a step. */
export class Collected {
  readonly tensor: FloatTensor;
  readonly #dims: readonly Dim[];

  constructor(dims: readonly Dim[], sizes: StepSizes) {
    const shape = concreteShape(dims, sizes);
    this.tensor = { dtype: 'float32', shape, data: new Float32Array(elementCount(shape)) };
    this.#dims = dims;
  }

  /** Whether a call computes any of it: a value of chosen rows is none of a call that none was chosen of. */
  isPartOf({ logits }: Call): boolean {
    return logits.size > 0 || !this.#dims.includes('R');
  }

  /** Adds the rows that a call computed; `data` lies as `value` does on the device, padding included. */
  add({ tokens, logits }: Call, { order, shape: [, heads, , headDim] }: Value, data: Float32Array): void {
    const plain = order === 'heads' ? tokensFirst(data, Number(heads), Number(headDim)) : data;
    const axis = this.#dims.findIndex((dim) => typeof dim === 'string');
    if (axis < 0) {
      this.tensor.data.set(plain);
      return;
    }
    const rows =
      this.#dims[axis] === 'R' ? [...logits] : [...tokens.entries()].map(([row, token]) => [token, row] as const);
    const total = this.tensor.shape[axis] ?? 0;
    const inner = elementCount(this.tensor.shape.slice(axis + 1));
    const outer = elementCount(this.tensor.shape.slice(0, axis));
    const here = plain.length / (outer * inner);
    for (const [to, from] of rows) {
      if (to < 0) continue;
      for (let o = 0; o < outer; o++) {
        const source = (o * here + from) * inner;
        this.tensor.data.set(plain.subarray(source, source + inner), (o * total + to) * inner);
      }
    }
  }
}

/** `[1, H, N, h]` → `[N, H, h]` */
function tokensFirst(data: Float32Array, heads: number, headDim: number): Float32Array {
  const rows = data.length / (heads * headDim);
  const out = new Float32Array(data.length);
  for (let head = 0; head < heads; head++) {
    for (let row = 0; row < rows; row++) {
      const from = (head * rows + row) * headDim;
      out.set(data.subarray(from, from + headDim), (row * heads + head) * headDim);
    }
  }
  return out;
}
