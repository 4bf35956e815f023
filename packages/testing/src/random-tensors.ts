import { elementCount, type FloatTensor, type Graph, randomWeights } from '@tttv2/graph';

/** Normal numbers for every parameter of a graph, the same each time. */
export function randomTensors(
  { parameters }: Pick<Graph, 'parameters'>,
  { seed = 1, std = 1 }: { seed?: number; std?: number } = {},
): Record<string, FloatTensor> {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, { shape }]) => [name, randomTensor(shape, name, { seed, std })]),
  );
}

function randomTensor(shape: number[], stream: string, { seed, std }: { seed: number; std: number }): FloatTensor {
  return { dtype: 'float32', shape, data: randomWeights({ seed, stream, mean: 0, std, count: elementCount(shape) }) };
}
