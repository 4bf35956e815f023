import type { Graph } from '@tttv2/graph';
import { type Dtype, type HardwareConfig, UnsupportedHardwareError, type WeightDtype } from '@tttv2/spec';

const stored: Readonly<Partial<Record<WeightDtype, Dtype>>> = {
  float32: 'float32',
  float16: 'float16',
  bfloat16: 'bfloat16',
  int8: 'q8_0',
  int4: 'q4_0',
  q4_k: 'q4_k',
};

/** Stores every matrix in the type that `weightDtype` names, or int8 for `quantizeWeights` alone; vectors stay as they are. */
export function weightDtype(graph: Graph, { weightDtype: named, quantizeWeights, deviceType }: HardwareConfig): Graph {
  const wanted = named ?? (quantizeWeights ? 'int8' : undefined);
  if (wanted === undefined) return graph;
  const dtype = stored[wanted];
  if (dtype === undefined) {
    const message = `${deviceType}: weightDtype "${wanted}" has no storage on this device; there is ${Object.keys(stored).join(', ')}`;
    throw new UnsupportedHardwareError({ device: deviceType, field: 'weightDtype', message });
  }
  const parameters = Object.entries(graph.parameters).map(([name, parameter]) => [
    name,
    parameter.shape.length === 2 ? { ...parameter, stored: dtype } : parameter,
  ]);
  return { ...graph, parameters: Object.fromEntries(parameters) };
}
