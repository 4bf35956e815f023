import { hardwareConfigJsonSchema } from '@tttv2/spec';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { hardwareInputs, kvCacheDtypes, readHardware, weightDtypes } from './hardware-inputs.ts';
import { parseCommandLine } from './parse-command-line.ts';

const enumSchema = z.object({ enum: z.array(z.string()) });
const schema = z.object({ properties: z.object({ weightDtype: enumSchema, kvCacheDtype: enumSchema }) });

test('the types are those of a hardware configuration', () => {
  const { properties } = schema.parse(hardwareConfigJsonSchema());
  expect(weightDtypes).toEqual(properties.weightDtype.enum);
  expect(kvCacheDtypes).toEqual(properties.kvCacheDtype.enum);
});

test('what is not given is left to the device', () => {
  expect(readHardware(parseCommandLine(hardwareInputs, []))).toEqual({ deviceType: 'cpu' });
  const args = [
    '--device',
    'tt',
    '--weight-dtype',
    'int8',
    '--kv-cache-dtype',
    'q8_0',
    '--flash-attention',
    '--threads=2',
    '--tensor-parallel-size=4',
    '--pipeline-parallel-size=2',
    '--fused-kernels',
    '--no-optimize-for-inference',
  ];
  expect(readHardware(parseCommandLine(hardwareInputs, args))).toEqual({
    deviceType: 'tt',
    weightDtype: 'int8',
    kvCacheDtype: 'q8_0',
    useFlashAttention: true,
    threads: 2,
    tensorParallelSize: 4,
    pipelineParallelSize: 2,
    useFusedKernels: true,
    optimizeForInference: false,
  });
});

test('precision is a preset, or types of groups', () => {
  const precisionOf = (given: string) =>
    readHardware(parseCommandLine(hardwareInputs, ['--precision', given])).precision;
  expect(precisionOf('performance')).toBe('performance');
  expect(precisionOf('ff1_3=int4,wo=float16,kv_cache=q8_0,activation=float32')).toEqual({
    ff1_3: 'int4',
    wo: 'float16',
    kv_cache: 'q8_0',
    activation: 'float32',
  });
  expect(() => precisionOf('ff3=int4')).toThrow(
    '--precision: "ff3=int4" is no group with its type; there is ff1_3, ff2, wqkv, wo, kv_cache, activation',
  );
  expect(() => precisionOf('ff2=q8_0')).toThrow('"ff2=q8_0" is no group with its type; there is float32, float16');
  expect(() => precisionOf('kv_cache=int8')).toThrow('there is float32, float16, bfloat16, q8_0');
});

test('limits are numbers of at least one', () => {
  const args = ['--max-batch', '2', '--max-context', '4096', '--prefill-chunk', '64'];
  expect(readHardware(parseCommandLine(hardwareInputs, args))).toEqual({
    deviceType: 'cpu',
    maxBatch: 2,
    maxContext: 4096,
    prefillChunk: 64,
  });
});
