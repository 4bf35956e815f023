import type { DeviceSpec } from '@tttv2/spec';

/** What `count` of a device have together: every number is derived from those of one. */
export function several(
  { cores, memoryBytes, bandwidth, storage }: DeviceSpec,
  count: number,
  named: Pick<DeviceSpec, 'name' | 'description' | 'mesh'>,
): DeviceSpec {
  const times = (one: number | null) => (one === null ? null : one * count);
  return { ...named, cores: times(cores), memoryBytes: times(memoryBytes), bandwidth: times(bandwidth), storage };
}
