import { availableParallelism } from 'node:os';
import type { HardwareConfig } from '@tttv2/spec';
import { backendContract, type ContractCase } from '@tttv2/testing';
import { describe, test } from 'vitest';
import { cpuBackend } from './index.ts';

/** The cases that a setting has something to do with. One thread is enough for most: more spin while they wait. */
function casesWith(hardware: Partial<HardwareConfig>, about: RegExp, tolerance = 1e-5): ContractCase[] {
  const config = { deviceType: 'cpu', threads: 1, ...hardware };
  return backendContract({ backend: cpuBackend, hardware: config, tolerance }).filter(({ name }) => about.test(name));
}

describe('cpu', () => {
  for (const { name, run } of casesWith({}, /./)) test(name, run);
});

describe('cpu with a thread for each core', () => {
  const hardware = { threads: availableParallelism() };
  for (const { name, run } of casesWith(hardware, /^rotary.*, 9\]|^decoder|^lifecycle/)) test(name, run);
});

describe('cpu with flash attention', () => {
  for (const { name, run } of casesWith({ useFlashAttention: true }, /^attention|^decoder/)) test(name, run);
});

describe('cpu without fused kernels', () => {
  const about = /^linear|^rms_norm|^layer_norm|^glu|^decoder/;
  for (const { name, run } of casesWith({ useFusedKernels: false }, about)) test(name, run);
});

/** Keys and values keep 11 bits, and through two layers some thirty of their roundings add up; a wrong cell costs far more. */
const float16Tolerance = 32 * 2 ** -11;

describe.each([false, true])('cpu with a float16 cache, flash attention %s', (useFlashAttention) => {
  const hardware = { kvCacheDtype: 'float16', useFlashAttention } as const;
  for (const { name, run } of casesWith(hardware, /^attention|^decoder/, float16Tolerance)) test(name, run);
});
