// Perplexity of a text with flash attention off and on.
//   node tooling/bench/perplexity.mjs MODEL.gguf TEXT
import { readFileSync } from 'node:fs';
import { cpuBackend } from '@tttv2/backend-cpu';
import { createModelFactory } from '@tttv2/factory';
import { feedAll } from '@tttv2/runtime';

const [path, text] = process.argv.slice(2);
const factory = createModelFactory({ backends: [cpuBackend] });

for (const useFlashAttention of [false, true]) {
  const model = await factory.load(path, { device: 'cpu', hardware: { useFlashAttention } });
  const ids = Int32Array.from(model.tokenizer.encode(readFileSync(text, 'utf8')).slice(0, 1024));
  const state = model.executable.createState({
    maxSequences: 1,
    totalTokens: ids.length,
    tokensPerSequence: ids.length,
  });
  let [at, loss] = [0, 0];
  const start = performance.now();
  for await (const { data, shape } of feedAll(model.executable, state, ids)) {
    for (let row = 0; row < shape[0] && at + 1 < ids.length; row++, at++) {
      loss += negativeLogLikelihood(data.subarray(row * shape[1], (row + 1) * shape[1]), ids[at + 1]);
    }
  }
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(
    `flash ${useFlashAttention ? 'on ' : 'off'}: perplexity ${Math.exp(loss / at).toFixed(4)} of ${at} tokens (${seconds} s)`,
  );
  state.dispose();
  await model.dispose();
}

function negativeLogLikelihood(logits, id) {
  const max = logits.reduce((a, b) => Math.max(a, b));
  return Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - max), 0)) + max - logits[id];
}
