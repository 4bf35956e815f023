import type { PlannedStep } from '@tttv2/graph';
import { type DeviceSpec, type DeviceStorage, SpecError } from '@tttv2/spec';
import { checkMesh } from '../check-mesh.ts';
import { type HeldWeights, heldWeights, type KnownWeights } from './held-weights.ts';
import { type MeasureStep, type MemoryDemand, type MemoryNeed, memoryNeed } from './memory-need.ts';
import type { PlannedDevice } from './memory-plan.ts';
import type { Layout, ModelLayouts, Part } from './model-layout.ts';
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

/** Bytes that a step is computed in on a device, where its backend can tell; null: where it cannot. */
export type ActivationBytes = (device: DeviceSpec, step: PlannedStep) => number | null;

/** What a model needs, wherever it is placed. */
export class Planner {
  readonly #layouts: ModelLayouts;
  readonly #weights: KnownWeights;
  readonly #activationBytes: ActivationBytes;
  /** By what a device of a stage holds, then by how. */
  readonly #heldOf = new WeakMap<readonly Part[], Map<string, HeldWeights>>();

  constructor(layouts: ModelLayouts, weights: KnownWeights, activationBytes: ActivationBytes = () => null) {
    this.#layouts = layouts;
    this.#weights = weights;
    this.#activationBytes = activationBytes;
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

  need(on: Placed, demand: MemoryDemand): MemoryNeed {
    return this.#need(on, demand, (step) => this.#activationBytes(on.device, step));
  }

  /** What has no room without activations is not asked for them: the longer a context, the longer that takes. */
  fits(on: Placed, demand: MemoryDemand): boolean {
    const { memoryBytes } = on.planned;
    return this.#need(on, demand, () => 0).total <= memoryBytes && this.need(on, demand).total <= memoryBytes;
  }

  /** Of a device of the fullest stage. */
  #need({ device, stages }: Placed, demand: MemoryDemand, measure: MeasureStep): MemoryNeed {
    const { storage } = device;
    const needs = stages.map((stage) =>
      memoryNeed(stage, this.#held(stage, storage, demand), storage, demand, measure),
    );
    return needs.reduce((most, need) => (need.total > most.total ? need : most));
  }

  /** What weights take, once for all contexts and batches that are asked about. */
  #held({ parts }: Layout, storage: DeviceStorage, { weightDtype, precision }: MemoryDemand): HeldWeights {
    const known = this.#heldOf.get(parts) ?? new Map<string, HeldWeights>();
    this.#heldOf.set(parts, known);
    const key = JSON.stringify([weightDtype, precision]);
    const held = known.get(key) ?? heldWeights(parts, storage, { weightDtype, precision }, this.#weights);
    known.set(key, held);
    return held;
  }
}
