import { GraphError } from './graph-error.ts';
import { shapeOf, type WeightExpr } from './weight-expr.ts';

/**
 * Multiplies numbers `[…, R, C]` by the scales of their blocks, in place, rounded to float32 as PyTorch rounds them.
 * @throws GraphError when there is not one scale for each block.
 */
export function scaleBlocks(
  { of, scales, block: [rows, columns] }: Extract<WeightExpr, { kind: 'scaleBlocks' }>,
  numbers: Float32Array,
  factors: Float32Array,
): Float32Array {
  const shape = shapeOf(of);
  const expected = scalesShape(shape, [rows, columns]);
  if (expected.join() !== shapeOf(scales).join()) {
    const message = `blocks of ${rows} × ${columns} need scales [${expected.join(', ')}], found [${shapeOf(scales).join(', ')}]`;
    throw new GraphError({ where: `scaleBlocks [${shape.join(', ')}]`, message });
  }
  const [height = 1, width = 1] = shape.slice(-2);
  const [down = 1, across = 1] = expected.slice(-2);
  for (let at = 0, line = 0; at < numbers.length; at += width, line++) {
    const first = (Math.floor(line / height) * down + Math.floor((line % height) / rows)) * across;
    for (let column = 0; column < width; column++) {
      numbers[at + column] = (numbers[at + column] ?? 0) * (factors[first + Math.floor(column / columns)] ?? 0);
    }
  }
  return numbers;
}

/** Of a matrix, or of several, `[…, R, C]`: how many blocks there are down and across. */
export function scalesShape(shape: readonly number[], [rows, columns]: readonly [number, number]): number[] {
  const [height = 1, width = 1] = shape.slice(-2);
  return [...shape.slice(0, -2), Math.ceil(height / rows), Math.ceil(width / columns)];
}
