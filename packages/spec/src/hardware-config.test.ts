import { expect, test } from 'vitest';
import { hardwareConfig } from './hardware-config.ts';
import { hardwareConfigJsonSchema, modelSpecJsonSchema } from './json-schema.ts';

test('a field that is absent stays absent: the backend resolves it', () => {
  expect(hardwareConfig({ deviceType: 'cpu' })).toEqual({ deviceType: 'cpu' });
});

test.each([
  [{ deviceType: '' }, 'deviceType'],
  [{ deviceType: 'cpu', threads: 0 }, 'threads'],
  [{ deviceType: 'cpu', tensorParallelSize: 1.5 }, 'tensorParallelSize'],
])('%j is an error at %s', (config, path) => {
  expect(() => hardwareConfig(config)).toThrow(expect.objectContaining({ path }));
});

test('both schemas can be given to other languages', () => {
  expect(hardwareConfigJsonSchema()).toMatchObject({ required: ['deviceType'], additionalProperties: false });
  expect(modelSpecJsonSchema()).toMatchObject({
    properties: { layers: { type: 'array' }, maxSeqLen: { anyOf: expect.anything() } },
    additionalProperties: false,
  });
});
