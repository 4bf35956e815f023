/**
 * Does `task` for each item: each worker takes the next when it is done with one. When one fails no more are begun, and
 * those under way are waited for: nobody works on what its caller frees.
 * @throws what the first failed with
 */
export async function eachAtOnce<Item, Worker>(
  items: readonly Item[],
  workers: readonly Worker[],
  task: (item: Item, worker: Worker) => Promise<void>,
): Promise<void> {
  const rest = items.values();
  const failures: unknown[] = [];
  const work = async (worker: Worker) => {
    for (const item of rest) {
      if (failures.length > 0) return;
      await task(item, worker).catch((error: unknown) => failures.push(error));
    }
  };
  await Promise.all(workers.map(work));
  if (failures.length > 0) throw failures[0];
}
