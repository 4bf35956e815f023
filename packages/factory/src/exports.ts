export type { Pass } from './build-program.ts';
export { applyPasses, buildProgram, passesFor } from './build-program.ts';
export type { GenerateOptions, Message, Prompt, WeightOrigin } from './model.ts';
export { Model } from './model.ts';
export type {
  FromSpecOptions,
  ModelFactory,
  ModelFactoryOptions,
  OpenFilesOptions,
  PlaceOptions,
} from './model-factory.ts';
export type { DownloadProgress, ModelProgress } from './model-progress.ts';
export type { OptimizedModelFactory } from './optimized-model-factory.ts';
export { createOptimizedModelFactory } from './optimized-model-factory.ts';
export { precisionOf } from './passes/precision.ts';
export { selectRowsEarly } from './passes/select-rows-early.ts';
export { tensorParallel } from './passes/tensor-parallel.ts';
export { weightDtype } from './passes/weight-dtype.ts';
export type { StoredDtype } from './plan/held-weights.ts';
export type { MemoryDemand, MemoryNeed, PartNeed } from './plan/memory-need.ts';
export type { Alternative, MemoryPlan, Misfit, PlannedDevice } from './plan/memory-plan.ts';
export type { PlanOptions } from './plan/plan-memory.ts';
export { planMemory } from './plan/plan-memory.ts';
export { randomWeightSource } from './random-weight-source.ts';
export type { FoundDevice } from './registry.ts';
export { findDevice, listDevices } from './registry.ts';
