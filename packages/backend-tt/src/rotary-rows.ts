import type { RopeFrequencies } from '@tttv2/graph';
import { axisOfPair, type RopeSpec } from '@tttv2/spec';

/** Writes cosines and sines of one token, by its position on each axis, into a row of `headDim` numbers; beyond `rotaryDim` they stay 1 and 0. */
export function fillRotaryRow(
  { rope, frequencies, position }: { rope: RopeSpec; frequencies: RopeFrequencies; position: readonly number[] },
  cos: Float32Array,
  sin: Float32Array,
): void {
  const { inverse, attentionFactor } = frequencies;
  cos.fill(1);
  sin.fill(0);
  inverse.forEach((frequency, pair) => {
    const angle = (position[axisOfPair(rope, pair)] ?? 0) * frequency;
    for (const at of membersOf(rope, pair)) {
      cos[at] = Math.cos(angle) * attentionFactor;
      sin[at] = Math.sin(angle) * attentionFactor;
    }
  });
}

function membersOf({ layout, rotaryDim }: RopeSpec, pair: number): [number, number] {
  return layout === 'half' ? [pair, pair + rotaryDim / 2] : [2 * pair, 2 * pair + 1];
}
