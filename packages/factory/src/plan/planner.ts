import { type DeviceSpec, SpecError } from '@tttv2/spec';
import { checkMesh } from '../check-mesh.ts';
import { type KnownWeights, type MemoryDemand, type MemoryNeed, memoryNeed } from './memory-need.ts';
import type { PlannedDevice } from './memory-plan.ts';
import type { ModelLayouts } from './model-layout.ts';

/** A model on a device, cut over so many of its chips. */
export interface Placed {
  device: DeviceSpec;
  planned: PlannedDevice;
}

/** What a model needs, wherever it is placed. */
export class Planner {
  readonly #layouts: ModelLayouts;
  readonly #weights: KnownWeights;

  constructor(layouts: ModelLayouts, weights: KnownWeights) {
    this.#layouts = layouts;
    this.#weights = weights;
  }

  /** @throws SpecError, UnsupportedHardwareError */
  place(device: DeviceSpec, tensorParallelSize?: number): Placed {
    const { name, description, memoryBytes, mesh } = device;
    if (memoryBytes === null) {
      const message = `is unknown for ${name}: a plan needs it, give a device that says how much memory it has`;
      throw new SpecError({ path: 'memoryBytes', message });
    }
    const devices = mesh[0] * mesh[1];
    if (tensorParallelSize !== undefined) checkMesh(device, { deviceType: name, tensorParallelSize });
    const size = tensorParallelSize ?? this.#layouts.mostDevices(devices);
    this.#layouts.on(size, name);
    const each = Math.floor(memoryBytes / devices);
    return { device, planned: { name, description, devices, tensorParallelSize: size, memoryBytes: each } };
  }

  need({ device, planned }: Placed, demand: MemoryDemand): MemoryNeed {
    const layout = this.#layouts.on(planned.tensorParallelSize, device.name);
    return memoryNeed(layout, device.storage, demand, this.#weights);
  }

  fits(on: Placed, demand: MemoryDemand): boolean {
    return this.need(on, demand).total <= on.planned.memoryBytes;
  }
}
