/** The last two dimensions filled up to whole tiles. */
export function tiled(shape: readonly number[], tile: number): number[] {
  return shape.map((size, i) => (i < shape.length - 2 ? size : filled(size, tile)));
}

/** The next multiple of `to`. */
export function filled(size: number, to: number): number {
  return Math.ceil(size / to) * to;
}
