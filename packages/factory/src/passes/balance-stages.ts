import { UnsupportedHardwareError } from '@tttv2/spec';

/** What can stand at the start of a stage with all up to the next: sizes of the parameters it reads, by name. */
export type Block = ReadonlyMap<string, number>;

/**
 * Deals blocks out to `count` stages in order, so that the largest stage is as small as can be; a parameter that several
 * blocks of a stage read counts once in it. Returns the first block of each stage.
 * @throws UnsupportedHardwareError when there are fewer blocks.
 */
export function balanceStages(blocks: readonly Block[], count: number, device: string): number[] {
  if (count > blocks.length) {
    const message = `${device}: pipelineParallelSize is ${count}, but the model has ${blocks.length} layers: use up to ${blocks.length}`;
    throw new UnsupportedHardwareError({ device, field: 'pipelineParallelSize', message });
  }
  let stages = sizesFrom(blocks, 0).map((size) => ({ largest: size, starts: [0] }));
  for (let stage = 1; stage < count; stage++) {
    const before = stages;
    // What stands at `end` are the blocks 0 to `end`, dealt out to one stage more.
    stages = before.map(() => ({ largest: Number.POSITIVE_INFINITY, starts: [] }));
    for (let start = stage; start < blocks.length; start++) {
      const rest = before[start - 1];
      if (rest === undefined || rest.starts.length < stage) continue;
      for (const [i, size] of sizesFrom(blocks, start).entries()) {
        const largest = Math.max(rest.largest, size);
        if (largest < (stages[start + i]?.largest ?? 0))
          stages[start + i] = { largest, starts: [...rest.starts, start] };
      }
    }
  }
  return stages.at(-1)?.starts ?? [];
}

/** The sizes of a stage of the blocks `start` to `start + i`, for each `i`. */
function sizesFrom(blocks: readonly Block[], start: number): number[] {
  const seen = new Set<string>();
  let total = 0;
  return blocks.slice(start).map((block) => {
    for (const [name, size] of block) {
      if (seen.has(name)) continue;
      seen.add(name);
      total += size;
    }
    return total;
  });
}
