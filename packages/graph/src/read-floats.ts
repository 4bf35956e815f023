import { readWeight } from './read-weight.ts';
import type { WeightExpr } from './weight-expr.ts';
import type { WeightSource } from './weight-source.ts';

/** A parameter's numbers as float32, row-major. */
export async function readFloats(source: WeightSource, expr: WeightExpr): Promise<Float32Array> {
  const bytes = await readWeight(source, { kind: 'dequantise', of: expr });
  return bytes.byteOffset % 4 === 0
    ? new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4)
    : new Float32Array(bytes.slice().buffer);
}
