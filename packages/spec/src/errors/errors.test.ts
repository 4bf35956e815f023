import { expect, test } from 'vitest';
import { CheckpointError } from './checkpoint-error.ts';
import { DeviceLostError } from './device-lost-error.ts';
import { DoesNotFitError } from './does-not-fit-error.ts';
import { RequestError } from './request-error.ts';
import { SpecError } from './spec-error.ts';
import { TttError } from './ttt-error.ts';
import { UnsupportedHardwareError } from './unsupported-hardware-error.ts';
import { UnsupportedModelError } from './unsupported-model-error.ts';
import { WeightMismatchError } from './weight-mismatch-error.ts';

const message = 'what was found, and what to do';
const classes = [
  [CheckpointError, new CheckpointError({ file: 'f', offset: 8, message }), 'f (at byte 8): '],
  [DeviceLostError, new DeviceLostError({ device: 'cpu', message }), ''],
  [DoesNotFitError, new DoesNotFitError({ message, wanted: 2, available: 1, unit: 'bytes' }), ''],
  [RequestError, new RequestError({ field: 'tokens', message }), 'tokens: '],
  [SpecError, new SpecError({ path: 'layers.0', message }), 'layers.0: '],
  [UnsupportedHardwareError, new UnsupportedHardwareError({ device: 'cpu', message }), ''],
  [UnsupportedModelError, new UnsupportedModelError({ modelType: 'x', message }), ''],
  [WeightMismatchError, new WeightMismatchError({ message }), ''],
] as const;

test.each(classes)('%o knows its own kind, and no other', (kind, error, prefix) => {
  expect(error.message).toBe(prefix + message);
  expect(error.name).toBe(kind.name);
  expect(TttError.isInstance(error)).toBe(true);
  expect(classes.filter(([other]) => other.isInstance(error)).map(([other]) => other)).toEqual([kind]);
});

test('kinds are known by their code, so that two copies of the package agree', () => {
  const foreign = Object.assign(new Error(message), { code: 'TTT_SPEC', [Symbol.for('tttv2.error')]: true });
  expect(SpecError.isInstance(foreign)).toBe(true);
  expect(RequestError.isInstance(foreign)).toBe(false);
  for (const other of [new Error('x'), { code: 'TTT_SPEC' }, null, 'TTT_SPEC'])
    expect(SpecError.isInstance(other)).toBe(false);
});

test('only a lost device is nobody’s input', () => {
  expect(classes.filter(([, error]) => error.blame === 'fault').map(([kind]) => kind)).toEqual([DeviceLostError]);
});
