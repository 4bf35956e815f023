import { dtypeOf, partsOf, shapeOf, type WeightExpr } from '@tttv2/graph';
import { bytesOf, type Dtype } from '@tttv2/spec';

/** What a parameter is made of in its checkpoint: the type of its numbers, and the bytes that hold them and their scales. */
export function storedAs(expr: WeightExpr): { dtype: Dtype; bytes: number } {
  const [first, ...others] = partsOf(expr).map(storedAs);
  if (first === undefined) return { dtype: dtypeOf(expr), bytes: bytesOf(dtypeOf(expr), shapeOf(expr)) };
  switch (expr.kind) {
    case 'packMxfp4':
      return { dtype: 'mxfp4', bytes: sum([first, ...others]) };
    case 'rows':
      return { ...first, bytes: (first.bytes / (shapeOf(expr.of)[0] ?? 1)) * expr.count };
    default:
      return { ...first, bytes: sum([first, ...others]) };
  }
}

function sum(parts: readonly { bytes: number }[]): number {
  return parts.reduce((total, { bytes }) => total + bytes, 0);
}
