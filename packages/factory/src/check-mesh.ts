import { type DeviceSpec, type HardwareConfig, UnsupportedHardwareError } from '@tttv2/spec';

/** @throws UnsupportedHardwareError when a model is to be cut over more devices than there are. */
export function checkMesh({ name, mesh }: DeviceSpec, { tensorParallelSize = 1 }: HardwareConfig): void {
  const devices = mesh[0] * mesh[1];
  if (tensorParallelSize <= devices) return;
  const there = devices === 1 ? 'is one device' : `has ${devices} devices`;
  const message = `${name}: tensorParallelSize is ${tensorParallelSize}, but ${name} ${there}: use ${devices === 1 ? 1 : `up to ${devices}`}`;
  throw new UnsupportedHardwareError({ device: name, field: 'tensorParallelSize', message });
}
