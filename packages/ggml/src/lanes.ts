import { eachAtOnce } from './each-at-once.ts';
import { Engine } from './engine.ts';

/** Threads on which native calls run off the event loop: libuv's. */
const poolThreads = Number(process.env.UV_THREADPOOL_SIZE) || 4;

/**
 * Does `task` for each item on engines side by side, which have so many threads together. The threads of one engine wait for
 * each other at the end of each item; engines do not, so that items may be small and a busy machine delays none but its own.
 */
export async function onLanes<Item>(
  threads: number,
  items: readonly Item[],
  task: (item: Item, engine: Engine) => Promise<void>,
): Promise<void> {
  if (items.length === 0) return;
  const count = Math.min(threads, poolThreads);
  const engines = Array.from(
    { length: count },
    (_, i) => new Engine({ threads: Math.floor(threads / count) + (i < threads % count ? 1 : 0) }),
  );
  try {
    await eachAtOnce(items, engines, task);
  } finally {
    await Promise.all(engines.map((engine) => engine.dispose()));
  }
}
