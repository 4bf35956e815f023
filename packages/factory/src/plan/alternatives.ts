import { bytesOf, type DeviceSpec, type DeviceStorage, type KvCacheDtype, type WeightDtype } from '@tttv2/spec';
import { storedAs } from '../passes/weight-dtype.ts';
import { largestThat } from './largest-that.ts';
import type { MemoryDemand } from './memory-need.ts';
import type { Alternative } from './memory-plan.ts';
import type { Placed, Planner } from './planner.ts';

/**
 * What fits where `demand` does not, least change first: narrower weights, a narrower cache, a shorter context, all that the
 * device has of these together, then devices with more memory.
 */
export function findAlternatives(
  planner: Planner,
  on: Placed,
  demand: MemoryDemand,
  others: readonly DeviceSpec[],
): Alternative[] {
  const { storage } = on.device;
  const weights = narrower(storage.weightDtypes, demand.weightDtype ?? storage.weightDtype, weightBytes);
  const caches = narrower(
    storage.kvCacheDtypes,
    demand.kvCacheDtype ?? demand.precision?.kv_cache ?? storage.kvCacheDtype.fast,
    cacheBytes,
  );
  const changed = (change: Partial<MemoryDemand>) => alternative(planner, on, demand, change);
  const shorter = (change: Partial<MemoryDemand>) => {
    const fits = (context: number) => planner.fits(on, { ...demand, ...change, context });
    const context = largestThat(fits, demand.context);
    return context === 0 || context === demand.context ? [] : changed({ ...change, context });
  };
  const single = [
    ...weights.flatMap((weightDtype) => changed({ weightDtype })),
    ...caches.flatMap((kvCacheDtype) => changed({ kvCacheDtype })),
    ...shorter({}),
  ];
  const [weightDtype, kvCacheDtype] = [weights.at(-1), caches.at(-1)];
  const together = {
    ...(weightDtype === undefined ? {} : { weightDtype }),
    ...(kvCacheDtype === undefined ? {} : { kvCacheDtype }),
  };
  const several = single.length > 0 ? [] : [...changed(together), ...shorter(together)];
  return [...single, ...several, ...elsewhere(planner, on, demand, others)];
}

/** Devices with more memory on which it fits as it is, smallest first. */
function elsewhere(planner: Planner, on: Placed, demand: MemoryDemand, others: readonly DeviceSpec[]): Alternative[] {
  return others
    .filter(({ memoryBytes }) => memoryBytes !== null && memoryBytes > (on.device.memoryBytes ?? 0))
    .filter(({ storage }) => canHold(storage, demand))
    .toSorted((a, b) => (a.memoryBytes ?? 0) - (b.memoryBytes ?? 0))
    .flatMap((device) => alternative(planner, planner.place(device), demand, {}, true));
}

function canHold({ weightDtypes, kvCacheDtypes, maxSequences }: DeviceStorage, demand: MemoryDemand): boolean {
  const { weightDtype, kvCacheDtype, batch } = demand;
  const hasTypes =
    (weightDtype === null || weightDtypes.includes(weightDtype)) &&
    (kvCacheDtype === null || kvCacheDtypes.includes(kvCacheDtype));
  return hasTypes && batch <= (maxSequences ?? batch);
}

/** One, or none when it does not fit either. */
function alternative(
  planner: Planner,
  on: Placed,
  demand: MemoryDemand,
  change: Partial<MemoryDemand>,
  isElsewhere = false,
): Alternative[] {
  const { total } = planner.need(on, { ...demand, ...change });
  if (total > on.planned.memoryBytes) return [];
  const unchanged = { weightDtype: null, kvCacheDtype: null, context: null };
  return [{ ...unchanged, ...change, device: isElsewhere ? on.planned : null, total }];
}

/** Types that take fewer bytes than `than`, widest first; all of them where that is left to the checkpoint. */
function narrower<T>(dtypes: readonly T[], than: T | null, bytes: (dtype: T) => number): T[] {
  return dtypes.filter((dtype) => than === null || bytes(dtype) < bytes(than)).toSorted((a, b) => bytes(b) - bytes(a));
}

function weightBytes(dtype: WeightDtype): number {
  return bytesOf(storedAs[dtype], [256]);
}

function cacheBytes(dtype: KvCacheDtype): number {
  return bytesOf(dtype, [256]);
}
