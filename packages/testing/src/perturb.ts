import { type FloatTensor, type Graph, rewrite } from '@tttv2/graph';
import type { Random } from './random.ts';

/** The same numbers, each off by up to `relative`, up or down. */
export function perturbTensor(tensor: FloatTensor, relative: number, random: Random): FloatTensor {
  return { ...tensor, data: tensor.data.map((value) => value * factor(relative, random)) };
}

/**
 * The same graph with every computed value off by up to `relative`, each column its own way: run beside the original it
 * shows how far honest rounding may move the results.
 */
export function perturbGraph(graph: Graph, relative: number, random: Random): Graph {
  return rewrite(graph, (node, inputs, builder) => {
    const value = builder.node(node.op, node.attrs, inputs);
    const shape = node.type.shape.map((dim) => (typeof dim === 'number' ? dim : 1));
    const count = shape.reduce((product, dim) => product * dim, 1);
    const data = random.list(count, () => factor(relative, random));
    return builder.node('mul', {}, [value, builder.node('constant', { shape, data }, [])]);
  });
}

function factor(relative: number, random: Random): number {
  return 1 + relative * random.pick([-1, -0.5, 0.5, 1]);
}
