import type { Graph } from '@tttv2/graph';
import type { Dtype, HardwareConfig, WeightDtype } from '@tttv2/spec';

/** A type that a device does not have its backend refuses, and says what is nearest. */
export const storedAs: Readonly<Record<WeightDtype, Dtype>> = {
  float32: 'float32',
  float16: 'float16',
  bfloat16: 'bfloat16',
  int8: 'q8_0',
  int4: 'q4_0',
  q4_k: 'q4_k',
  bfloat8_b: 'bfloat8_b',
  bfloat4_b: 'bfloat4_b',
};

/** Stores every matrix (of experts, too) in the type that `weightDtype` names, or int8 for `quantizeWeights` alone; vectors stay as they are. */
export function weightDtype(graph: Graph, { weightDtype: named, quantizeWeights }: HardwareConfig): Graph {
  const wanted = named ?? (quantizeWeights ? 'int8' : undefined);
  if (wanted === undefined) return graph;
  const dtype = storedAs[wanted];
  const parameters = Object.entries(graph.parameters).map(([name, parameter]) => [
    name,
    parameter.shape.length > 1 ? { ...parameter, stored: dtype } : parameter,
  ]);
  return { ...graph, parameters: Object.fromEntries(parameters) };
}
