import type { Backend } from '@tttv2/graph';
import type { HardwareConfig } from '@tttv2/spec';
import type { ContractCase } from './contract-case.ts';
import { decoderContract } from './decoder-contract.ts';
import type { Tolerance } from './expect-close.ts';
import { lifecycleContract } from './lifecycle-contract.ts';
import { opContract } from './op-contract.ts';
import { recurrentContract } from './recurrent-contract.ts';
import { selectionContract } from './selection-contract.ts';

export interface BackendContractOptions {
  backend: Backend;
  /** Default: the device of the backend's name, with everything resolved by the backend. */
  hardware?: HardwareConfig;
  /** How far from the reference evaluation results may lie; default 1e-5, for float32. */
  tolerance?: Tolerance;
}

/** All that a `Backend` promises. */
export function backendContract({
  backend,
  hardware = { deviceType: backend.name },
  tolerance = 1e-5,
}: BackendContractOptions): ContractCase[] {
  const under = { backend, hardware, tolerance };
  return [
    ...opContract(under),
    ...decoderContract(under),
    ...lifecycleContract(under),
    ...recurrentContract(under),
    ...selectionContract(under),
  ];
}
