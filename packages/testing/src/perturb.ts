import { elementCount, type FloatTensor, type Graph, rewrite, type ValueId } from '@tttv2/graph';
import type { Random } from './random.ts';

/** The same numbers, each off by up to `relative`, up or down. */
export function perturbTensor(tensor: FloatTensor, relative: number, random: Random): FloatTensor {
  return { ...tensor, data: tensor.data.map((value) => value * factor(relative, random)) };
}

/**
 * The same graph, in which every number that is computed is off by up to `relative` and by up to `absolute` wherever it is used,
 * each column and each use its own way: run beside the original it shows how far honest rounding may move the results.
 */
export function perturbGraph(
  graph: Graph,
  { relative, absolute }: { relative: number; absolute: number },
  random: Random,
): Graph {
  const isComputed = new Set(graph.nodes.map(({ id }) => id));
  return rewrite(graph, (node, inputs, builder) => {
    const bend = (value: ValueId): ValueId => {
      const shape = builder.typeOf(value).shape.map((dim) => (typeof dim === 'number' ? dim : 1));
      const columns = (number: () => number) =>
        builder.node('constant', { shape, data: random.list(elementCount(shape), number) }, []);
      const factors = columns(() => factor(relative, random));
      const offsets = columns(() => factor(absolute, random) - 1);
      return builder.node('add', {}, [builder.node('mul', {}, [value, factors]), offsets]);
    };
    const isBent = (value: ValueId, i: number) =>
      isComputed.has(node.inputs[i] ?? '') && builder.typeOf(value).dtype === 'float32';
    const bent = inputs.map((value, i) => (isBent(value, i) ? bend(value) : value));
    return builder.node(node.op, node.attrs, bent);
  });
}

function factor(relative: number, random: Random): number {
  return 1 + relative * random.pick([-1, -0.5, 0.5, 1]);
}
