// Greedy tokens beside llama.cpp's: equal with flash attention off, and how often the most likely token agrees with it on
// (teacher-forced on llama.cpp's own text).
//   node tooling/bench/agreement.mjs MODEL.gguf [tokens]

import { installPeers } from './install-peers.mjs';
import { promptOf } from './numbers.mjs';
import { startWorker } from './worker.mjs';

const [path, count = '32'] = process.argv.slice(2);
const prompts = [
  [504, 3575, 282, 4649, 314],
  [1, 9690, 198, 2683, 359, 253, 5356, 5646, 11173, 2],
  [6403, 1303, 253, 655, 28],
  [1604, 281, 216, 34, 216, 32, 216, 34, 216, 36],
  promptOf(700),
];
installPeers();
for (const flash of ['off', 'on']) {
  const ours = startWorker('tttv2.mjs', [path, flash]);
  const theirs = startWorker('node-llama-cpp.mjs', [path, flash]);
  let [equal, agreed, compared] = [0, 0, 0];
  for (const promptIds of prompts) {
    const expected = (await theirs.ask({ promptIds, count: Number(count) })).ids;
    const { ids } = await ours.ask({ promptIds, count: Number(count) });
    if (JSON.stringify(ids) === JSON.stringify(expected)) equal++;
    const forced = (await ours.ask({ promptIds, forced: expected.slice(0, -1) })).ids;
    compared += expected.length;
    agreed += expected.filter((id, i) => id === forced[i]).length;
  }
  console.log(
    `flash ${flash}: ${equal} of ${prompts.length} texts of ${count} tokens equal; most likely token agrees for ${agreed} of ${compared} (${((100 * agreed) / compared).toFixed(1)} %)`,
  );
  ours.stop();
  theirs.stop();
}
