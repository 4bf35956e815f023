import { UnsupportedHardwareError } from '@tttv2/spec';
import type { Node } from './graph.ts';

/** That a device has no way for a node, and why. */
export function cannotRun(device: string, { op, scope }: Pick<Node, 'op' | 'scope'>, reason: string) {
  const message = `${device} cannot run ${op} at ${scope}: ${reason}`;
  return new UnsupportedHardwareError({ device, field: op, message });
}
