import { dtypeOf, partsOf, shapeOf, type WeightExpr } from '@tttv2/graph';
import { bytesOf } from '@tttv2/spec';

/** Bytes of a checkpoint that a parameter is made of: of a part of a tensor, that part. */
export function storedBytes(expr: WeightExpr): number {
  switch (expr.kind) {
    case 'scaleBlocks':
    case 'packMxfp4':
    case 'stack':
    case 'concat':
    case 'reshape':
    case 'transpose':
      return partsOf(expr).reduce((sum, part) => sum + storedBytes(part), 0);
    case 'rows':
      return (storedBytes(expr.of) / (shapeOf(expr.of)[0] ?? 1)) * expr.count;
    default:
      return bytesOf(dtypeOf(expr), shapeOf(expr));
  }
}
