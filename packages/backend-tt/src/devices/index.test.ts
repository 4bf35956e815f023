import { deviceSpecSchema } from '@tttv2/spec';
import { expect, test } from 'vitest';
import { boardOf, boards, knownDevices } from './index.ts';

test('every known device is described as a device is, and has a name of its own', () => {
  for (const device of knownDevices) expect(deviceSpecSchema.parse(device)).toEqual(device);
  expect(new Set(knownDevices.map(({ name }) => name)).size).toBe(knownDevices.length);
  for (const { spec } of boards) expect(knownDevices).toContain(spec);
});

test('several of a device have as much together', () => {
  const totals = knownDevices.map(({ name, memoryBytes, bandwidth, mesh }) => [name, memoryBytes, bandwidth, ...mesh]);
  expect(totals).toContainEqual(['n300', 24e9, 576e9, 1, 2]);
  expect(totals).toContainEqual(['t3k', 96e9, 2304e9, 1, 8]);
  expect(totals).toContainEqual(['galaxy', 384e9, null, 8, 4]);
  expect(totals).toContainEqual(['p150x8', 256e9, 4096e9, 1, 8]);
});

test.each([
  ['n300', 'it is 2 chips, and programs for a mesh are not lowered yet'],
  ['p100', 'programs for it were not tried yet'],
  ['grayskull', 'ttnn has dropped Grayskull'],
  ['n1500', 'there is no Tenstorrent board "n1500"; there is n150, p150'],
])('%s has no programs: %s', (name, reason) => {
  expect(() => boardOf(name)).toThrow(reason);
});
