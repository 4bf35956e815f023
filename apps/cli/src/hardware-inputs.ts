import type { HardwareConfig, KvCacheDtype, WeightDtype } from '@tttv2/spec';
import type { Read } from './command.ts';
import { choice, type Input, orElse, text, toggle, wholeNumber } from './input.ts';

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

export const hardwareInputs = [device, weightDtype, kvCacheDtype, flashAttention, threads];

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
  };
  return {
    deviceType: read(device),
    ...(chosen.weightDtype === undefined ? {} : { weightDtype: chosen.weightDtype }),
    ...(chosen.kvCacheDtype === undefined ? {} : { kvCacheDtype: chosen.kvCacheDtype }),
    ...(chosen.useFlashAttention === undefined ? {} : { useFlashAttention: chosen.useFlashAttention }),
    ...(chosen.threads === undefined ? {} : { threads: chosen.threads }),
  };
}
