// What a token costs at context 64 and at 1024, ours and node-llama-cpp's, and without a cache at 1024.
//   node tooling/bench/slope.mjs MODEL.gguf [rounds] [flash ours] [flash peer]
import { installPeers } from './install-peers.mjs';
import { median, promptOf, spread } from './numbers.mjs';
import { startWorker } from './worker.mjs';

const [path, rounds = '5', ours = 'off', theirs = 'off'] = process.argv.slice(2);
const [short, long, tokens] = [64, 1024, 64];
installPeers();
const workers = [
  { name: `tttv2 (flash ${ours})`, worker: startWorker('tttv2.mjs', [path, ours]) },
  { name: `node-llama-cpp (flash ${theirs})`, worker: startWorker('node-llama-cpp.mjs', [path, theirs]) },
].map((entry) => ({ ...entry, costs: { [short]: [], [long]: [] }, prefill: [] }));

for (const { worker } of workers) await worker.ask({ promptIds: promptOf(short), count: 4 });
for (let round = 0; round < Number(rounds); round++) {
  for (const { worker, costs, prefill } of workers) {
    for (const length of [short, long]) {
      const { times } = await worker.ask({ promptIds: promptOf(length), count: tokens + 1 });
      // The median of single tokens: a stall of the machine in one of them is not a slope.
      costs[length].push(median(times.slice(1).map((time, i) => time - times[i])));
      if (length === long) prefill.push(times[0]);
    }
  }
}
for (const { name, costs, prefill, worker } of workers) {
  const slope = costs[long].map((ms, i) => ((ms - costs[short][i]) / (long - short)) * 1000);
  console.log(name);
  console.log(`  ms a token at ${short}:   ${spread(costs[short], 2)}`);
  console.log(`  ms a token at ${long}: ${spread(costs[long], 2)}`);
  console.log(`  slope, µs a token of context: ${spread(slope, 2)}`);
  console.log(`  ms to compute ${long} tokens anew, as without a cache: ${spread(prefill, 0)}`);
  console.log(`  with the cache it is ${spread(prefill.map((ms, i) => ms / costs[long][i]))} × faster`);
  worker.stop();
}
