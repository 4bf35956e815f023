import type { HardwareConfig, KvCacheDtype, Precision, WeightDtype } from '@tttv2/spec';
import type { Read } from './command.ts';
import { choice, type Input, orElse, text, toggle, wholeNumber } from './input.ts';
import { UsageError } from './usage-error.ts';

export const weightDtypes: readonly WeightDtype[] = [
  'float32',
  'float16',
  'bfloat16',
  'int8',
  'int4',
  'q4_k',
  'bfloat8_b',
  'bfloat4_b',
];
export const kvCacheDtypes: readonly KvCacheDtype[] = [
  'float32',
  'float16',
  'bfloat16',
  'q8_0',
  'q4_0',
  'bfloat8_b',
  'bfloat4_b',
];

const device = orElse('cpu', text({ name: 'device', placeholder: 'NAME', about: 'where to run; see tttv2 devices' }));
export const weightDtype = weightDtypeInput('as they are stored');
export const kvCacheDtype = choice(
  {
    name: 'kv-cache-dtype',
    placeholder: 'TYPE',
    about: `how it holds the KV cache: ${kvCacheDtypes.join(', ')}; default: the device's choice`,
  },
  kvCacheDtypes,
);
const flashAttention = toggle({ name: 'flash-attention', about: "fused attention; default: the device's choice" });
const threads = wholeNumber({ name: 'threads', placeholder: 'N', min: 1, about: 'CPU threads; default: all cores' });

const limit = (name: string, about: string) => wholeNumber({ name, placeholder: 'N', min: 1, about });
const maxBatch = limit('max-batch', "sequences at once; default: the device's limit");
const maxContext = limit('max-context', "tokens of a sequence; default: the model's limit");
const prefillChunk = limit('prefill-chunk', "tokens of a prompt computed at once; default: the device's choice");
const tensorParallelSize = limit('tensor-parallel-size', 'devices that each layer is cut over; default: 1');
export const pipelineParallelSize = limit(
  'pipeline-parallel-size',
  'stages of layers, each on devices of its own; default: 1',
);
const fusedKernels = toggle({ name: 'fused-kernels', about: "ops made of several; default: the device's choice" });
const optimize = toggle({
  name: 'optimize-for-inference',
  about: 'weights laid out for products, rows selected early; default: yes',
});
export const precision = text({
  name: 'precision',
  placeholder: 'P',
  about: 'performance, accuracy, or types of groups: ff1_3=int4,ff2=int8,wqkv=int8,wo=int8,kv_cache=q8_0',
});

export const hardwareInputs = [
  ...[device, weightDtype, kvCacheDtype, precision, flashAttention],
  ...[maxBatch, maxContext, prefillChunk, threads],
  ...[tensorParallelSize, pipelineParallelSize, fusedKernels, optimize],
];

/** `unset` says how weights are held when the command line does not. */
export function weightDtypeInput(unset: string): Input<WeightDtype | undefined> {
  const about = `how the device holds weights: ${weightDtypes.join(', ')}; default: ${unset}`;
  return choice({ name: 'weight-dtype', placeholder: 'TYPE', about }, weightDtypes);
}

/** Where and how a model runs, by the command line; what is not given is left to the device. */
export function readHardware(read: Read): HardwareConfig {
  const chosen = {
    weightDtype: read(weightDtype),
    kvCacheDtype: read(kvCacheDtype),
    useFlashAttention: read(flashAttention),
    threads: read(threads),
    maxBatch: read(maxBatch),
    maxContext: read(maxContext),
    prefillChunk: read(prefillChunk),
    precision: readPrecision(read(precision)),
    tensorParallelSize: read(tensorParallelSize),
    pipelineParallelSize: read(pipelineParallelSize),
    useFusedKernels: read(fusedKernels),
    optimizeForInference: read(optimize),
  };
  return {
    deviceType: read(device),
    ...(chosen.weightDtype === undefined ? {} : { weightDtype: chosen.weightDtype }),
    ...(chosen.kvCacheDtype === undefined ? {} : { kvCacheDtype: chosen.kvCacheDtype }),
    ...(chosen.useFlashAttention === undefined ? {} : { useFlashAttention: chosen.useFlashAttention }),
    ...(chosen.threads === undefined ? {} : { threads: chosen.threads }),
    ...(chosen.maxBatch === undefined ? {} : { maxBatch: chosen.maxBatch }),
    ...(chosen.maxContext === undefined ? {} : { maxContext: chosen.maxContext }),
    ...(chosen.prefillChunk === undefined ? {} : { prefillChunk: chosen.prefillChunk }),
    ...(chosen.precision === undefined ? {} : { precision: chosen.precision }),
    ...(chosen.tensorParallelSize === undefined ? {} : { tensorParallelSize: chosen.tensorParallelSize }),
    ...(chosen.pipelineParallelSize === undefined ? {} : { pipelineParallelSize: chosen.pipelineParallelSize }),
    ...(chosen.useFusedKernels === undefined ? {} : { useFusedKernels: chosen.useFusedKernels }),
    ...(chosen.optimizeForInference === undefined ? {} : { optimizeForInference: chosen.optimizeForInference }),
  };
}

/** A preset by its name, or `group=type,…`. @throws UsageError that says what there is. */
export function readPrecision(given: string | undefined): HardwareConfig['precision'] {
  if (given === undefined || given === 'performance' || given === 'accuracy') return given;
  const precision: Precision = {};
  for (const pair of given.split(',')) {
    const [group = '', type = ''] = pair.split('=');
    const dtype = oneOf(weightDtypes, type);
    if (isWeightGroup(group) && dtype !== undefined) precision[group] = dtype;
    else if (group === 'kv_cache') precision.kv_cache = oneOf(kvCacheDtypes, type) ?? refuse(pair, kvCacheDtypes);
    else if (group === 'activation') precision.activation = oneOf(activations, type) ?? refuse(pair, activations);
    else refuse(pair, isWeightGroup(group) ? weightDtypes : [...weightGroups, 'kv_cache', 'activation']);
  }
  return precision;
}

const weightGroups = ['ff1_3', 'ff2', 'wqkv', 'wo'] as const;
const activations = ['float32', 'bfloat16'] as const;

function isWeightGroup(group: string): group is (typeof weightGroups)[number] {
  return weightGroups.some((one) => one === group);
}

function oneOf<T extends string>(known: readonly T[], found: string): T | undefined {
  return known.find((one) => one === found);
}

function refuse(pair: string, known: readonly string[]): never {
  throw new UsageError(`--precision: "${pair}" is no group with its type; there is ${known.join(', ')}`);
}
