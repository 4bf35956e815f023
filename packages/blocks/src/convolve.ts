import type { GraphBuilder, ValueId } from '@tttv2/graph';
import type { SsdSpec } from '@tttv2/spec';

/** A convolution of `[N, channels]` over the last tokens of a sequence in the present scope, activated. */
export function convolve(
  builder: GraphBuilder,
  x: ValueId,
  channels: number,
  { convWidth: width, useBiasConv, activation: fn }: Pick<SsdSpec, 'convWidth' | 'useBiasConv' | 'activation'>,
): ValueId {
  const weight = builder.parameter(`${builder.path}.weight`, [channels, width]);
  const state = builder.state(`${builder.path}.past`, { kind: 'recurrent', shape: [width - 1, channels] });
  const sums = builder.node('causal_conv', { state }, [x, weight, builder.input('slot'), builder.input('cacheIndex')]);
  const biased = useBiasConv
    ? builder.node('add', {}, [sums, builder.parameter(`${builder.path}.bias`, [channels])])
    : sums;
  return builder.node('activation', { fn }, [biased]);
}
