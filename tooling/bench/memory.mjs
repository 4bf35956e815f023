// Peak resident memory of a run beside file + KV cache, and what 20 loads and disposes leave behind.
//   node --expose-gc tooling/bench/memory.mjs MODEL.gguf
import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { cpuBackend } from '@tttv2/backend-cpu';
import { createModelFactory } from '@tttv2/factory';
import { promptOf } from './numbers.mjs';

const [path, part] = process.argv.slice(2);
const MB = 1e6;
const load = () => createModelFactory({ backends: [cpuBackend] }).load(path, { device: 'cpu' });

if (part === 'run') await oneRun();
else if (part === 'loads') await manyLoads();
else {
  // Each in a process of its own: a peak is a process's.
  for (const name of ['run', 'loads']) {
    execFileSync(process.execPath, ['--expose-gc', fileURLToPath(import.meta.url), path, name], { stdio: 'inherit' });
  }
}

async function oneRun() {
  const model = await load();
  const [promptTokens, newTokens] = [512, 64];
  const generation = model.generate({ promptIds: promptOf(promptTokens), maxNewTokens: newTokens, ignoreEos: true });
  let states = 0;
  for await (const _ of generation) states = model.executable.memory().states;
  await model.dispose();
  const [peak, file] = [process.resourceUsage().maxRSS * 1024, statSync(path).size];
  const show = (bytes) => `${(bytes / MB).toFixed(1)} MB`;
  console.log(
    `peak resident ${show(peak)} = file ${show(file)} + KV ${show(states)} + ${show(peak - file - states)} (${promptTokens} + ${newTokens} tokens)`,
  );
}

async function manyLoads() {
  const resident = [];
  for (let i = 0; i < 20; i++) {
    const model = await load();
    await model.generate({ promptIds: promptOf(64), maxNewTokens: 8, ignoreEos: true }).result();
    await model.dispose();
    globalThis.gc();
    resident.push(process.memoryUsage.rss() / MB);
  }
  console.log(`resident after each of 20 loads and disposes, MB: ${resident.map((mb) => mb.toFixed(0)).join(' ')}`);
  console.log(`the last less the first: ${(resident.at(-1) - resident[0]).toFixed(1)} MB`);
}
