import { axisOfPair, isLengthDependent, positionAxesOf, type RopeSpec, ropeSpecSchema } from '@tttv2/spec';
import { defineOp, type Emitter, expect, type ValueId } from '../op.ts';
import { ropeFrequencies } from '../rope-frequencies.ts';
import { floats, ints } from '../tensor.ts';

/**
 * Rotary position embedding (arXiv:2104.09864) of `x[N, H, h]` at `positions[P, N]`: the first `rotaryDim` dimensions
 * of each head turn in pairs, each by the position of its axis where there are three. `slot[N]` tells the sequences of a step apart, for scalings that depend on their length.
 */
export const rotary = defineOp({
  name: 'rotary',
  kind: 'composite',
  attrs: ropeSpecSchema,
  rowwise: false,
  infer(rope, inputs) {
    expect.count(inputs, 3);
    const x = expect.input(inputs, 0, 'float32', 3);
    const [tokens, , headDim] = x.shape;
    expect.shape(expect.input(inputs, 1, 'int32'), 1, [positionAxesOf(rope), tokens]);
    expect.shape(expect.input(inputs, 2, 'int32'), 2, [tokens]);
    if (typeof headDim !== 'number' || rope.rotaryDim > headDim)
      throw new Error(`rotates ${rope.rotaryDim} dimensions of heads that have ${headDim}`);
    return x;
  },
  evaluate(rope, inputs) {
    const [x, positions, slots] = [floats(inputs[0]), ints(inputs[1]).data, ints(inputs[2]).data];
    const [tokens = 0, heads = 0, headDim = 0] = x.shape;
    const data = x.data.slice();
    for (let token = 0; token < tokens; token++) {
      const { inverse, attentionFactor } = ropeFrequencies(rope, sequenceLength(positions, slots, slots[token] ?? 0));
      inverse.forEach((frequency, pair) => {
        const angle = (positions[axisOfPair(rope, pair) * tokens + token] ?? 0) * frequency;
        const [cos, sin] = [Math.cos(angle) * attentionFactor, Math.sin(angle) * attentionFactor];
        const [first, second] = pairOf(rope, pair);
        for (let head = 0; head < heads; head++) {
          const at = (token * heads + head) * headDim;
          const [a, b] = [x.data[at + first] ?? 0, x.data[at + second] ?? 0];
          data[at + first] = a * cos - b * sin;
          data[at + second] = b * cos + a * sin;
        }
      });
    }
    return { ...x, data };
  },
  decompose,
});

/** One more than the longest position that a sequence has in this step, on any axis. */
function sequenceLength(positions: Int32Array, slots: Int32Array, slot: number): number {
  return positions.reduce(
    (longest, position, i) => (slots[i % slots.length] === slot ? Math.max(longest, position + 1) : longest),
    1,
  );
}

function pairOf({ layout, rotaryDim }: RopeSpec, pair: number): [number, number] {
  return layout === 'half' ? [pair, pair + rotaryDim / 2] : [2 * pair, 2 * pair + 1];
}

function decompose(rope: RopeSpec, [x = '', positions = '']: readonly ValueId[], emit: Emitter): ValueId {
  if (isLengthDependent(rope))
    throw new Error('rotary: a scaling that depends on the length of the call has no decomposition');
  if (rope.mrope !== undefined) throw new Error('rotary: positions of several axes have no decomposition');
  const { rotaryDim } = rope;
  const [tokens = 'N', , headDim] = emit.typeOf(x).shape;
  if (typeof headDim !== 'number') throw new Error('rotary: the head dimension must be fixed');
  const { inverse, attentionFactor } = ropeFrequencies(rope, 1);
  const column = emit.node('reshape', { shape: [tokens, 1] }, [emit.node('to_float', {}, [positions])]);
  const frequencies = emit.node('constant', { shape: [rotaryDim / 2, 1], data: [...inverse] }, []);
  const products = emit.node('matmul', {}, [column, frequencies]);
  const angles = emit.node('reshape', { shape: [tokens, 1, rotaryDim / 2] }, [products]);
  const cos = emit.node('affine', { scale: attentionFactor, offset: 0 }, [emit.node('cos', {}, [angles])]);
  const sin = emit.node('affine', { scale: attentionFactor, offset: 0 }, [emit.node('sin', {}, [angles])]);
  const [a, b] = split(rope, x, emit);
  const first = emit.node('sub', {}, [emit.node('mul', {}, [a, cos]), emit.node('mul', {}, [b, sin])]);
  const second = emit.node('add', {}, [emit.node('mul', {}, [b, cos]), emit.node('mul', {}, [a, sin])]);
  const turned = join(rope, first, second, emit);
  if (rotaryDim === headDim) return turned;
  return emit.node('concat', {}, [turned, emit.node('slice', { start: rotaryDim, length: headDim - rotaryDim }, [x])]);
}

/** The first and the second members of all pairs, each `[N, H, rotaryDim / 2]`. */
function split({ layout, rotaryDim }: RopeSpec, x: ValueId, emit: Emitter): [ValueId, ValueId] {
  const half = rotaryDim / 2;
  const slice = (of: ValueId, start: number, length: number) => emit.node('slice', { start, length }, [of]);
  if (layout === 'half') return [slice(x, 0, half), slice(x, half, half)];
  const shape = [...emit.typeOf(x).shape.slice(0, 2), half];
  const pairs = emit.node('reshape', { shape: [...shape, 2] }, [slice(x, 0, rotaryDim)]);
  const member = (index: number) => emit.node('reshape', { shape }, [slice(pairs, index, 1)]);
  return [member(0), member(1)];
}

/** The inverse of `split`. */
function join({ layout, rotaryDim }: RopeSpec, first: ValueId, second: ValueId, emit: Emitter): ValueId {
  if (layout === 'half') return emit.node('concat', {}, [first, second]);
  const shape = emit.typeOf(first).shape;
  const column = (of: ValueId) => emit.node('reshape', { shape: [...shape, 1] }, [of]);
  const pairs = emit.node('concat', {}, [column(first), column(second)]);
  return emit.node('reshape', { shape: [...shape.slice(0, 2), rotaryDim] }, [pairs]);
}
