// Perplexity of a text with weights in several types: converted as they are loaded, and stored so by llama.cpp, whose own
// perplexity of that file and the same windows stands beside it. Attention is what we take for the type, in both.
//   node tooling/bench/perplexity.mjs MODEL.gguf [TEXT] [tokens] [window]
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cpuBackend } from '@tttv2/backend-cpu';
import { createModelFactory } from '@tttv2/factory';
import { feedAll, logprobsOf } from '@tttv2/runtime';
import { installPeers } from './install-peers.mjs';
import { startWorker } from './worker.mjs';

const alice = fileURLToPath(new URL('../../apps/cli/texts/alice.txt', import.meta.url));
const [path, text = alice, tokens = '2048', size = '512'] = process.argv.slice(2);

/** Our names of types, llama.cpp's, and whether attention is flash attention. */
const types = {
  float32: { stored: 'float32', flash: false },
  int8: { stored: 'q8_0', flash: true },
  int4: { stored: 'q4_0', flash: true },
  q4_k: { stored: 'q4_k', flash: true },
};

installPeers();
const factory = createModelFactory({ backends: [cpuBackend] });
const folder = mkdtempSync(join(tmpdir(), 'tttv2-perplexity-'));
try {
  const windows = await readWindows();
  console.log(`${windows.flat().length} tokens of ${text} in windows of ${size}`);
  for (const [weightDtype, { stored, flash }] of Object.entries(types)) {
    const file = join(folder, `${stored}.gguf`);
    const worker = fileURLToPath(new URL('workers/llama-cpp-quantise.mjs', import.meta.url));
    execFileSync(process.execPath, [worker, path, file, stored], { stdio: 'ignore' });
    const converted = await ours(path, windows, { weightDtype, useFlashAttention: flash });
    const peer = await theirs(file, windows, flash ? 'on' : 'off');
    const difference = (100 * (converted / peer - 1)).toFixed(3);
    console.log(`${weightDtype.padEnd(8)} ours ${converted.toFixed(4)}  llama.cpp ${peer.toFixed(4)}  ${difference} %`);
    rmSync(file);
  }
} finally {
  rmSync(folder, { recursive: true });
}

async function readWindows() {
  const model = await factory.load(path, { device: 'cpu' });
  const ids = model.tokenizer.encode(readFileSync(text, 'utf8')).slice(0, Number(tokens));
  await model.dispose();
  return Array.from({ length: Math.ceil(ids.length / size) }, (_, i) => ids.slice(i * size, (i + 1) * size));
}

async function ours(file, windows, hardware) {
  const model = await factory.load(file, { device: 'cpu', hardware });
  const state = model.executable.createState({
    maxSequences: 1,
    totalTokens: Number(size),
    tokensPerSequence: Number(size),
  });
  const losses = [];
  for (const window of windows) {
    let at = 0;
    for await (const { data, shape } of feedAll(model.executable, state, Int32Array.from(window))) {
      for (let row = 0; row < shape[0]; row++) {
        const next = window[++at];
        const logits = data.subarray(row * shape[1], (row + 1) * shape[1]);
        if (next !== undefined) losses.push(-logprobsOf(logits, next, 0).logprob);
      }
    }
    state.release(0);
  }
  state.dispose();
  await model.dispose();
  return perplexityOf(losses);
}

async function theirs(file, windows, flash) {
  const worker = startWorker('llama-cpp-score.mjs', [file, flash, size]);
  const losses = [];
  for (const scored of windows) losses.push(...(await worker.ask({ scored })).losses);
  worker.stop();
  return perplexityOf(losses);
}

function perplexityOf(losses) {
  return Math.exp(losses.reduce((sum, loss) => sum + loss, 0) / losses.length);
}
