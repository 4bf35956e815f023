import { firstSeen, type Sight } from '@tttv2/graph';
import type { PreparedStep } from './prepared-step.ts';

const float16NegativeInfinity = 0xfc00;

/**
 * Which cells each token sees: its own sequence up to itself, as far as its sight goes. Row i is token i: 0 where it
 * sees a cell, -∞ elsewhere. A `Uint16Array` holds float16 bits.
 */
export function fillMask(
  mask: Float32Array | Uint16Array,
  { sequences, cacheIndex, cellsOf }: PreparedStep,
  { visibleCells, ...sight }: Sight & { visibleCells: number },
): void {
  mask.fill(mask instanceof Uint16Array ? float16NegativeInfinity : Number.NEGATIVE_INFINITY);
  for (const { slot, from, count } of sequences) {
    const cells = cellsOf(slot);
    for (let token = from; token < from + count; token++) {
      const last = cacheIndex[token] ?? 0;
      const row = token * visibleCells;
      for (let i = firstSeen(last, sight); i <= last; i++) mask[row + (cells[i] ?? 0)] = 0;
    }
  }
}
