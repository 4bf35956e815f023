import { type GgmlDtype, maxTokensPerStep, targetDtypes } from '@tttv2/ggml';
import { type Graph, kvCachesOf, type WeightSource } from '@tttv2/graph';
import {
  dtypes,
  type HardwareConfig,
  type KvCacheDtype,
  type Precision,
  UnsupportedHardwareError,
  type WeightDtype,
} from '@tttv2/spec';

/** A hardware configuration with every field that this device uses decided. */
export interface ResolvedHardware {
  config: HardwareConfig;
  threads: number;
  kvCacheDtype: GgmlDtype;
  useFlashAttention: boolean;
  /** All matrices are float32: exact forms are preferred over fast ones that round. */
  isExact: boolean;
}

/** @throws UnsupportedHardwareError that names the first field that a CPU cannot honour, and the nearest thing that works. */
export function resolveHardware(
  config: HardwareConfig,
  graph: Graph,
  weights: WeightSource,
  cores: number,
): ResolvedHardware {
  refuse(config, cores);
  const isExact = [...targetDtypes(graph, weights).values()].every((dtype) => dtype === 'float32');
  const threads = config.threads ?? cores;
  const { kvCacheDtype, useFlashAttention } = resolveAttention(config, graph, isExact);
  return {
    config: { ...config, useFlashAttention, threads, kvCacheDtype },
    threads,
    kvCacheDtype,
    useFlashAttention,
    isExact,
  };
}

/** How caches are held and read; `isExact`: all matrices are float32. @throws UnsupportedHardwareError */
export function resolveAttention(
  config: { kvCacheDtype?: KvCacheDtype | undefined; useFlashAttention?: boolean | undefined },
  graph: Graph,
  isExact: boolean,
): { kvCacheDtype: GgmlDtype & KvCacheDtype; useFlashAttention: boolean } {
  const kvCacheDtype = cacheDtype(config.kvCacheDtype ?? (isExact ? 'float32' : 'float16'));
  // Plain attention sums in float32, but is slower and cannot read blocks (decision 10).
  const cached = [kvCacheDtype, ...kvCachesOf(graph).flatMap(([, { stored }]) => stored ?? [])];
  const inBlocks = cached.find((dtype) => dtypes[dtype].elements > 1);
  if (config.useFlashAttention === false && inBlocks !== undefined)
    throw refusal('kvCacheDtype', `"${inBlocks}" needs useFlashAttention: set it, or use "float16"`);
  return { kvCacheDtype, useFlashAttention: config.useFlashAttention ?? (!isExact || inBlocks !== undefined) };
}

function refuse(config: HardwareConfig, cores: number): void {
  const {
    activationCheckpointing,
    tensorParallelSize = 1,
    pipelineParallelSize = 1,
    quantizeActivations,
    weightDtype,
    threads = cores,
    prefillChunk = maxTokensPerStep,
    precision,
  } = config;
  if (activationCheckpointing)
    throw refusal('activationCheckpointing', 'is for training; inference keeps no activations: leave it out');
  if (tensorParallelSize > 1)
    throw refusal('tensorParallelSize', `is ${tensorParallelSize}, but a CPU is one device: use 1, and \`threads\``);
  if (pipelineParallelSize > 1)
    throw refusal('pipelineParallelSize', `is ${pipelineParallelSize}, but a CPU is one device: use 1`);
  if (quantizeActivations)
    throw refusal(
      'quantizeActivations',
      'cannot be chosen: with quantised weights activations are int8, else they are not: leave it out',
    );
  if (threads > cores)
    throw refusal(
      'threads',
      `is ${threads}, but there are ${cores} cores: threads that wait for one take minutes, use ${cores}`,
    );
  if (prefillChunk > maxTokensPerStep)
    throw refusal('prefillChunk', `is ${prefillChunk}, but ggml is given ${maxTokensPerStep} tokens at once at most`);
  checkWeightDtype('weightDtype', weightDtype);
  if (typeof precision === 'object') checkPrecision(precision);
}

function checkPrecision({ activation, kv_cache, ...weights }: Precision): void {
  if (activation === 'bfloat16')
    throw refusal('precision', 'activation "bfloat16" cannot be had: a CPU computes in float32: leave it out');
  if (kv_cache !== undefined) cacheDtype(kv_cache, 'precision');
  for (const dtype of Object.values(weights)) checkWeightDtype('precision', dtype);
}

function checkWeightDtype(field: 'weightDtype' | 'precision', dtype: WeightDtype | undefined): void {
  if (dtype !== 'bfloat8_b' && dtype !== 'bfloat4_b') return;
  const nearest = dtype === 'bfloat8_b' ? 'int8' : 'int4';
  throw refusal(field, `"${dtype}" is a block format of Tenstorrent devices: use "${nearest}"`);
}

function cacheDtype(
  dtype: KvCacheDtype,
  field: 'kvCacheDtype' | 'precision' = 'kvCacheDtype',
): GgmlDtype & KvCacheDtype {
  if (dtype !== 'bfloat8_b' && dtype !== 'bfloat4_b') return dtype;
  const nearest = dtype === 'bfloat8_b' ? 'q8_0' : 'q4_0';
  throw refusal(field, `"${dtype}" is a block format of Tenstorrent devices: use "${nearest}"`);
}

function refusal(field: keyof HardwareConfig, message: string): UnsupportedHardwareError {
  return new UnsupportedHardwareError({ device: 'cpu', field, message: `cpu: ${field} ${message}` });
}
