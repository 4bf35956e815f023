import { type DeviceSpec, SpecError } from '@tttv2/spec';
import { checkMesh } from '../check-mesh.ts';
import { type KnownWeights, type MemoryDemand, type MemoryNeed, memoryNeed } from './memory-need.ts';
import type { PlannedDevice } from './memory-plan.ts';
import type { Layout, ModelLayouts } from './model-layout.ts';
import { stageParts } from './stage-parts.ts';

/** How a model is cut over the devices of a board. */
export interface Cuts {
  tensorParallelSize?: number | undefined;
  pipelineParallelSize?: number | undefined;
}

/** A model on a device, cut over so many of its chips. */
export interface Placed {
  device: DeviceSpec;
  planned: PlannedDevice;
  /** What a device of each stage holds. */
  stages: readonly Layout[];
}

/** What a model needs, wherever it is placed. */
export class Planner {
  readonly #layouts: ModelLayouts;
  readonly #weights: KnownWeights;

  constructor(layouts: ModelLayouts, weights: KnownWeights) {
    this.#layouts = layouts;
    this.#weights = weights;
  }

  /** By default in one stage, on as many devices as it can be cut over. @throws SpecError, UnsupportedHardwareError */
  place(device: DeviceSpec, { tensorParallelSize, pipelineParallelSize = 1 }: Cuts = {}): Placed {
    const { name, description, memoryBytes, mesh } = device;
    if (memoryBytes === null) {
      const message = `is unknown for ${name}: a plan needs it, give a device that says how much memory it has`;
      throw new SpecError({ path: 'memoryBytes', message });
    }
    const devices = mesh[0] * mesh[1];
    checkMesh(device, { deviceType: name, tensorParallelSize: tensorParallelSize ?? 1, pipelineParallelSize });
    const size = tensorParallelSize ?? this.#layouts.mostDevices(Math.floor(devices / pipelineParallelSize));
    const each = Math.floor(memoryBytes / devices);
    const cuts = { tensorParallelSize: size, pipelineParallelSize };
    const layout = this.#layouts.on(size, name);
    const stages = stageParts(layout.parts, pipelineParallelSize, name).map((parts) => ({ ...layout, parts }));
    return { device, planned: { name, description, devices, ...cuts, memoryBytes: each }, stages };
  }

  /** Of a device of the fullest stage. */
  need({ device, stages }: Placed, demand: MemoryDemand): MemoryNeed {
    const needs = stages.map((stage) => memoryNeed(stage, device.storage, demand, this.#weights));
    return needs.reduce((most, need) => (need.total > most.total ? need : most));
  }

  fits(on: Placed, demand: MemoryDemand): boolean {
    return this.need(on, demand).total <= on.planned.memoryBytes;
  }
}
