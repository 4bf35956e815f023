import type { GraphBuilder, ValueId } from '@tttv2/graph';

/** Zeros `[N, H, width]`, for heads `[N, H, h]` that are at least as wide. */
export function zeros(builder: GraphBuilder, heads: ValueId, width: number): ValueId {
  return builder.node('affine', { scale: 0, offset: 0 }, [builder.node('slice', { start: 0, length: width }, [heads])]);
}
