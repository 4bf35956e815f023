/** A value with its numbers, row-major. */
export type Tensor = FloatTensor | IntTensor;

export interface FloatTensor {
  dtype: 'float32';
  shape: number[];
  data: Float32Array;
}

export interface IntTensor {
  dtype: 'int32';
  shape: number[];
  data: Int32Array;
}

export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, dim) => product * dim, 1);
}

/** A float32 tensor whose element i is `element(i)`. */
export function floatTensor(shape: number[], element: (index: number) => number): FloatTensor {
  return { dtype: 'float32', shape, data: Float32Array.from({ length: elementCount(shape) }, (_, i) => element(i)) };
}

/** @throws TypeError when the tensor holds integers: a graph that passed `validate` never asks for that. */
export function floats(tensor: Tensor | undefined): FloatTensor {
  if (tensor?.dtype !== 'float32') throw new TypeError(`expected a float32 tensor, found ${tensor?.dtype ?? 'none'}`);
  return tensor;
}

/** @throws TypeError when the tensor holds floats: a graph that passed `validate` never asks for that. */
export function ints(tensor: Tensor | undefined): IntTensor {
  if (tensor?.dtype !== 'int32') throw new TypeError(`expected an int32 tensor, found ${tensor?.dtype ?? 'none'}`);
  return tensor;
}

/** The last dimension of a shape, and how many rows of it there are. */
export function rowsOf(shape: readonly number[]): { rows: number; width: number } {
  const width = shape.at(-1) ?? 1;
  return { rows: elementCount(shape) / width, width };
}
