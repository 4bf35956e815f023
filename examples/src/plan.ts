import { cpuBackend } from '@tttv2/backend-cpu';
import { buildProgram } from '@tttv2/factory';
import { bytesOf, countParameters, type HardwareConfig, kvCacheBytes, type ModelSpec } from '@tttv2/spec';

/** What a model takes, without any of its weights being there. */
export interface Plan {
  parameters: number;
  weightBytes: number;
  /** Of a cache for the longest sequence. */
  cacheBytes: number;
  /** Tokens of that. */
  cacheTokens: number;
  /** Nodes of the graph that the device would run. */
  nodes: number;
}

/** The plan of a model whose weights and cache are stored in 16 bits. */
export function planOf(spec: ModelSpec, hardware: HardwareConfig): Plan {
  const parameters = countParameters(spec).total;
  const cacheTokens = spec.maxSeqLen ?? 2048;
  const { stages } = buildProgram(spec, cpuBackend, hardware);
  return {
    parameters,
    weightBytes: bytesOf('bfloat16', [parameters]),
    cacheBytes: kvCacheBytes(spec, cacheTokens, 'float16'),
    cacheTokens,
    nodes: stages.reduce((sum, { nodes }) => sum + nodes.length, 0),
  };
}
