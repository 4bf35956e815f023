import type { DeviceSpec } from '@tttv2/spec';

/** A Tenstorrent board: what it has, and what ttnn wants to be told on it. */
export interface Board {
  spec: DeviceSpec;
  arch: 'wormhole_b0' | 'blackhole';
  /** How exactly matrices are multiplied where accumulation is in float32. */
  mathFidelity: 'HiFi3' | 'HiFi4';
}
