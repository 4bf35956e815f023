import { type Backend, opset } from '@tttv2/graph';
import { type DeviceSpec, UnsupportedHardwareError } from '@tttv2/spec';

/** A device, and the backend that runs it. */
export interface FoundDevice {
  backend: Backend;
  device: DeviceSpec;
}

/** All devices of these backends. */
export async function listDevices(backends: readonly Backend[]): Promise<FoundDevice[]> {
  const lists = await Promise.all(
    backends.map(async (backend) => (await backend.devices()).map((device) => ({ backend, device }))),
  );
  return lists.flat();
}

/** @throws UnsupportedHardwareError that names the devices there are when `name` is not one, or its backend is too old. */
export async function findDevice(backends: readonly Backend[], name: string): Promise<FoundDevice> {
  const devices = await listDevices(backends);
  const found = devices.find(({ device }) => device.name === name);
  if (found === undefined) {
    const known = devices.map(({ device }) => device.name).join(', ') || 'none: plug in a backend package';
    throw new UnsupportedHardwareError({
      device: name,
      message: `there is no device "${name}" here; there is ${known}`,
    });
  }
  if (found.backend.opset < opset) {
    const message = `the backend "${found.backend.name}" knows graphs up to opset ${found.backend.opset}, but ${opset} is needed: update its package`;
    throw new UnsupportedHardwareError({ device: name, field: 'opset', message });
  }
  return found;
}
