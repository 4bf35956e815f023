// Decode speed beside node-llama-cpp on the same file: wall clock of 128 further tokens after a prompt, interleaved rounds.
//   node tooling/bench/decode.mjs MODEL.gguf [rounds] [prompt length] [flash: on|off for ours] [flash: on|off for the peer]
import { installPeers } from './install-peers.mjs';
import { promptOf, spread } from './numbers.mjs';
import { startWorker } from './worker.mjs';

const [path, rounds = '5', prompt = '64', ours = 'off', theirs = 'on'] = process.argv.slice(2);
const extra = 128;
installPeers();
const workers = [
  { name: `tttv2 (flash ${ours})`, worker: startWorker('tttv2.mjs', [path, ours]), speeds: [] },
  { name: `node-llama-cpp (flash ${theirs})`, worker: startWorker('node-llama-cpp.mjs', [path, theirs]), speeds: [] },
];
const request = { promptIds: promptOf(Number(prompt)), count: extra + 1 };
for (const { worker } of workers) await worker.ask({ ...request, count: 8 });
for (let round = 0; round < Number(rounds); round++) {
  for (const { worker, speeds } of workers) {
    const { times } = await worker.ask(request);
    speeds.push(extra / ((times[extra] - times[0]) / 1000));
  }
}
for (const { name, speeds, worker } of workers) {
  console.log(`${name.padEnd(28)} ${spread(speeds)} tokens/s`);
  worker.stop();
}
const [a, b] = workers;
console.log(
  `ratio, round by round        ${spread(
    a.speeds.map((speed, i) => speed / b.speeds[i]),
    2,
  )}`,
);
