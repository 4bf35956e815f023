import { cpuBackend } from '@tttv2/backend-cpu';
import { knownDevices } from '@tttv2/backend-tt';
import { precisionOf } from '@tttv2/factory';
import type { PlannedStep } from '@tttv2/graph';
import {
  type DeviceSpec,
  deviceSpecSchema,
  type HardwareConfig,
  type Precision,
  UnsupportedHardwareError,
} from '@tttv2/spec';
import { backends } from '../backends.ts';
import { suggestion } from '../nearest.ts';
import { readJsonFile } from '../read-json-file.ts';

/** Devices that memory can be planned for: this machine's processor, and boards, whether they are here or not. */
export async function plannedDevices(): Promise<DeviceSpec[]> {
  return [...(await cpuBackend.devices()), ...knownDevices];
}

/** The device of `known` with this name, or the one that a `.json` file describes. @throws UnsupportedHardwareError, CheckpointError */
export async function plannedDevice(name: string, known: readonly DeviceSpec[]): Promise<DeviceSpec> {
  if (name.endsWith('.json')) return readJsonFile(name, deviceSpecSchema);
  const found = known.find((device) => device.name === name);
  if (found !== undefined) return found;
  const names = known.map((device) => device.name);
  const message = `there is no device "${name}" to plan for${suggestion(name, names)}; there is ${names.join(', ')}, or a .json file that describes one`;
  throw new UnsupportedHardwareError({ device: name, message });
}

/** What a step is computed in, exactly, on the processor; boards cannot be asked. */
export function activationBytes({ name }: DeviceSpec, step: PlannedStep): number | null {
  return name === cpuBackend.name ? (cpuBackend.activationBytes?.(step) ?? null) : null;
}

/** Types of groups, or what the device's backend means by a preset. @throws UnsupportedHardwareError where there is none. */
export function precisionOn({ name }: DeviceSpec, asked: HardwareConfig['precision']): Precision | null {
  const kind = knownDevices.some((known) => known.name === name) ? 'tt' : name;
  return precisionOf(backends.find((backend) => backend.name === kind) ?? { name }, { precision: asked });
}
