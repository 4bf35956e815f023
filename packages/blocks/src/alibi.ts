import type { GraphBuilder, ValueId } from '@tttv2/graph';
import { zeros } from './zeros.ts';

/** Queries, keys and values `[N, H, h]`, `[N, K, h]`, `[N, K, h]`. */
interface Heads {
  q: ValueId;
  k: ValueId;
  v: ValueId;
}

/**
 * Heads of one more dimension, for attention with linear biases (arXiv:2108.12409): to the product of a query and a key the
 * slope of the head is added, times the key's position. (Times minus the distance, says the paper: for one query that differs
 * by a constant, which the softmax takes away.) Keys have their position in that dimension, queries their slope, values zero.
 */
export function withAlibi(builder: GraphBuilder, { q, k, v }: Heads, slopes: readonly number[], scale: number): Heads {
  const widened = (scope: string, heads: ValueId, extra: () => ValueId) =>
    builder.scope(scope, () => {
      const column = builder.node('add', {}, [zeros(builder, heads, 1), extra()]);
      return builder.node('concat', {}, [heads, column]);
    });
  const data = slopes.map((slope) => slope / scale);
  return {
    q: widened('slopes', q, () => builder.node('constant', { shape: [slopes.length, 1], data }, [])),
    k: widened('positions', k, () => {
      const positions = builder.node('to_float', {}, [builder.input('positions')]);
      return builder.node('reshape', { shape: ['N', 1, 1] }, [positions]);
    }),
    v: builder.scope('width', () => builder.node('concat', {}, [v, zeros(builder, v, 1)])),
  };
}
