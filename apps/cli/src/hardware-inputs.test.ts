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
  ];
  expect(readHardware(parseCommandLine(hardwareInputs, args))).toEqual({
    deviceType: 'tt',
    weightDtype: 'int8',
    kvCacheDtype: 'q8_0',
    useFlashAttention: true,
    threads: 2,
  });
});
