import {
  type DeviceSpec,
  DoesNotFitError,
  type KvCacheDtype,
  type ModelSpec,
  type Precision,
  UnsupportedHardwareError,
  type WeightDtype,
} from '@tttv2/spec';
import { findAlternatives } from './alternatives.ts';
import { firstMisfit } from './first-misfit.ts';
import type { StoredDtype } from './held-weights.ts';
import { largestThat } from './largest-that.ts';
import type { MemoryDemand } from './memory-need.ts';
import type { MemoryPlan } from './memory-plan.ts';
import { ModelLayouts } from './model-layout.ts';
import { type ActivationBytes, Planner } from './planner.ts';

export interface PlanOptions {
  /** Tokens of a sequence. */
  context: number;
  /** Sequences at a time; default 1. */
  batch?: number;
  /** Default: the device's. */
  weightDtype?: WeightDtype;
  /** Default: the device's. */
  kvCacheDtype?: KvCacheDtype;
  /** Types of groups, over `weightDtype`; `kvCacheDtype` is over that of the cache. */
  precision?: Precision;
  /** Default: as many of the board's devices as the model can be cut over. */
  tensorParallelSize?: number;
  /** Stages that run one after the other, each on devices of its own; default 1. */
  pipelineParallelSize?: number;
  /** How the checkpoint stores its parameters; default: everything as bfloat16. */
  stored?: StoredDtype;
  /** Default: the device's. */
  useFlashAttention?: boolean;
  /** What a step is computed in, exactly, on devices whose backend can tell (`Backend.activationBytes`); else it is estimated. */
  activationBytes?: ActivationBytes;
  /** Devices to suggest when it does not fit. */
  others?: readonly DeviceSpec[];
}

/** The most tokens that are asked about where a model has no limit of its own. */
const mostTokens = 2 ** 24;
/** The most sequences that are asked about where a device has no limit of its own. */
const mostSequences = 2 ** 12;

/**
 * Whether a model fits on a device, from its specification alone. Bytes of weights and states are exact for what the backends
 * lay out; those of activations where a backend can tell (`activationBytes`), else they follow from the graph; what is reserved
 * is said by the device's description.
 * @throws UnsupportedHardwareError for a type or a cut that the device or the model does not allow.
 * @throws DoesNotFitError for more sequences than the device takes. @throws SpecError when the device's memory is unknown.
 */
export function planMemory(spec: ModelSpec, device: DeviceSpec, options: PlanOptions): MemoryPlan {
  const { context, batch = 1, weightDtype = null, kvCacheDtype = null, others = [] } = options;
  const { precision, useFlashAttention } = options;
  const demand = { context, batch, weightDtype, kvCacheDtype, precision, useFlashAttention };
  const known = { stored: options.stored ?? (() => 'bfloat16' as const) };
  const planner = new Planner(new ModelLayouts(spec), known, options.activationBytes);
  const on = planner.place(device, options);
  checkDemand(device, demand);
  const need = planner.need(on, demand);
  const misfit = firstMisfit(need, on.planned.memoryBytes);
  const fits = (changed: Partial<MemoryDemand>) => planner.fits(on, { ...demand, ...changed });
  const longest = spec.maxSeqLen ?? mostTokens;
  return {
    device: on.planned,
    demand,
    weightDtype: weightDtype ?? device.storage.weightDtype,
    need,
    fits: misfit === null,
    misfit,
    largest: {
      context: largestThat((tokens) => fits({ context: tokens }), longest),
      batch: largestThat((sequences) => fits({ batch: sequences }), device.storage.maxSequences ?? mostSequences),
    },
    alternatives: misfit === null ? [] : findAlternatives(planner, on, demand, others),
  };
}

function checkDemand({ name, storage }: DeviceSpec, demand: MemoryDemand): void {
  const { weightDtype, kvCacheDtype, precision, batch } = demand;
  checkDtype(name, 'weightDtype', weightDtype, storage.weightDtypes);
  checkDtype(name, 'kvCacheDtype', kvCacheDtype, storage.kvCacheDtypes);
  const { kv_cache, activation, ...groups } = precision ?? {};
  for (const dtype of Object.values(groups)) checkDtype(name, 'precision', dtype ?? null, storage.weightDtypes);
  checkDtype(name, 'precision', kv_cache ?? null, storage.kvCacheDtypes);
  const { maxSequences } = storage;
  if (maxSequences === null || batch <= maxSequences) return;
  const message = `${name} takes ${maxSequences} sequences at a time, but ${batch} are wanted`;
  throw new DoesNotFitError({ message, wanted: batch, available: maxSequences, unit: 'sequences' });
}

function checkDtype(
  device: string,
  field: 'weightDtype' | 'kvCacheDtype' | 'precision',
  wanted: string | null,
  has: string[],
): void {
  if (wanted === null || has.includes(wanted)) return;
  const message = `${device}: ${field} "${wanted}" is not one that it has; use ${has.join(', ')}`;
  throw new UnsupportedHardwareError({ device, field, message });
}
