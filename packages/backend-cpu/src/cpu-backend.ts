import { availableParallelism, totalmem } from 'node:os';
import { activationBytes, compileGgml, cpuDescription, maxTokens, productLayouts } from '@tttv2/ggml';
import { type Backend, cannotRun, type Graph, isCollective, localGraph, type Node, opset } from '@tttv2/graph';
import { deviceStorage, type ProductLayout, UnsupportedHardwareError } from '@tttv2/spec';
import { resolveAttention, resolveHardware } from './resolve-hardware.ts';

/** As `resolveHardware` and ggml's lowering have it. */
const storage = deviceStorage({
  weightDtypes: ['float32', 'bfloat16', 'float16', 'int8', 'q4_k', 'int4'],
  weightDtype: null,
  vectorDtype: 'float32',
  kvCacheDtypes: ['float32', 'bfloat16', 'float16', 'q8_0', 'q4_0'],
  kvCacheDtype: { exact: 'float32', fast: 'float16' },
  valueDtype: 'float32',
  maskDtype: 'float32',
  cacheTile: 256,
  recurrentCopies: 2,
  tokensPerStep: 512,
  mapsFiles: true,
  // Of this process beside what the engine allocates, as `tooling/bench/plan.mjs` measures it: with its libraries 90 MB, and
  // what JavaScript holds of a model.
  reservedBytes: 120e6,
});

/** Why ggml has no way for a node; null where it has. */
function whyUnsupported(node: Node, { states }: Graph): string | null {
  if (isCollective(node)) return 'a CPU is one device: use a tensorParallelSize of 1';
  const state = node.op === 'gated_delta' ? states[node.attrs.state] : undefined;
  const [keys, values] = state?.kind === 'recurrent' ? [state.shape.at(-1), state.shape.at(-2)] : [];
  return keys === values ? null : `its keys have ${keys} dimensions and its values ${values}, but ggml wants as many`;
}

/** @throws UnsupportedHardwareError that names the first op without a native form. */
function checkSupported(graph: Graph): void {
  for (const node of graph.nodes) {
    const reason = whyUnsupported(node, graph);
    if (reason !== null) throw cannotRun('cpu', node, reason);
  }
}

/** Asked once: a processor does not change. */
let layouts: Promise<ProductLayout[]> | null = null;
function layoutsHere(): Promise<ProductLayout[]> {
  layouts ??= productLayouts();
  return layouts;
}

/** This machine's processor, by ggml. */
export const cpuBackend: Backend = {
  contract: 'v1',
  opset,
  name: 'cpu',
  presets: {
    performance: { ff1_3: 'int4', ff2: 'int8', wqkv: 'int8', wo: 'int8', kv_cache: 'q8_0' },
    // Weights as they are stored lose nothing more; a wide cache loses nothing at all.
    accuracy: { kv_cache: 'float32' },
  },
  fusesProjections: true,
  async devices() {
    const description = cpuDescription();
    return [
      {
        name: 'cpu',
        description,
        cores: availableParallelism(),
        memoryBytes: totalmem(),
        bandwidth: null,
        mesh: [1, 1],
        storage: { ...storage, productLayouts: await layoutsHere() },
      },
    ];
  },
  /** Nearly every op of one device has a native form; without fused kernels composite ones are taken apart where they can be. */
  supports(node, graph, { useFusedKernels }) {
    const reason = whyUnsupported(node, graph);
    if (reason !== null) return { kind: 'unsupported', reason };
    const isFused = node.op === 'linear' || node.op === 'rms_norm' || node.op === 'layer_norm' || node.op === 'glu';
    return useFusedKernels === false && isFused ? { kind: 'decompose' } : { kind: 'native' };
  },
  activationBytes({ graph, sizes, totalTokens, isExact, ...attention }) {
    if (totalTokens > maxTokens || graph.nodes.some((node) => whyUnsupported(node, graph) !== null)) return null;
    const { kvCacheDtype, useFlashAttention } = resolveAttention(attention, graph, isExact);
    const local = localGraph({ mesh: [1, 1], stages: [graph] }, 'cpu');
    return activationBytes(local, { sizes, totalTokens, kvCacheDtype, settings: { isExact, useFlashAttention } });
  },
  async compile(program, weights, hardware, { progress, signal, weightCache } = {}) {
    const [graph] = program.stages;
    if (graph === undefined)
      throw new UnsupportedHardwareError({ device: 'cpu', field: 'stages', message: 'the program has no stage' });
    checkSupported(graph);
    const { config, threads, kvCacheDtype, useFlashAttention, isExact } = resolveHardware(
      hardware,
      graph,
      weights,
      availableParallelism(),
    );
    const settings = { isExact, useFlashAttention };
    return compileGgml(program, weights, {
      device: 'cpu',
      threads,
      kvCacheDtype,
      settings,
      hardware: config,
      repack: config.optimizeForInference !== false,
      weightCache,
      progress,
      signal,
    });
  },
};
