import type { KvCacheDtype, WeightDtype } from '@tttv2/spec';
import type { MemoryDemand, MemoryNeed } from './memory-need.ts';

/** The first thing that has no room, when memory is filled in the order of the model. */
export interface Misfit {
  what: 'reserved' | 'weights' | 'states' | 'activations';
  part: 'embedding' | 'layers' | 'head' | null;
  /** Which layer, counted from 0; null for what is none. */
  layer: number | null;
  /** Bytes that it takes, and that are left for it, on one device. */
  wanted: number;
  available: number;
}

/** What a plan is about: a device with known memory, and how much of it is used. */
export interface PlannedDevice {
  name: string;
  description: string;
  /** Devices that the board has, e.g. two chips. */
  devices: number;
  /** Over how many of them the model is cut. */
  tensorParallelSize: number;
  /** Into how many stages, each on as many. */
  pipelineParallelSize: number;
  /** Bytes of each of them. */
  memoryBytes: number;
}

/** Something else that fits; what is null stays as it was. */
export interface Alternative {
  weightDtype: WeightDtype | null;
  kvCacheDtype: KvCacheDtype | null;
  context: number | null;
  device: PlannedDevice | null;
  /** Bytes that one device then needs. */
  total: number;
}

/** Whether a model fits on a device, by its specification alone: all bytes are those of one of its devices, of the fullest stage. */
export interface MemoryPlan {
  device: PlannedDevice;
  demand: MemoryDemand;
  /** How the device holds matrices; null: as the checkpoint has them. */
  weightDtype: WeightDtype | null;
  need: MemoryNeed;
  fits: boolean;
  /** null when everything fits. */
  misfit: Misfit | null;
  /** The most tokens of a sequence, with as many sequences as asked for, and the reverse; 0 where not even one fits. */
  largest: { context: number; batch: number };
  /** What fits, least change first; empty when everything does, or nothing helps. */
  alternatives: Alternative[];
}
