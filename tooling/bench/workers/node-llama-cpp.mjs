// The same questions as tttv2.mjs, answered by llama.cpp through node-llama-cpp.
import { getLlama } from '../peers/node_modules/node-llama-cpp/dist/index.js';
import { serve } from '../worker.mjs';

const [modelPath, flash, contextSize] = process.argv.slice(2);
const threads = 2;
const llama = await getLlama({ gpu: false, build: 'never', logLevel: 'error', maxThreads: threads });
const model = await llama.loadModel({ modelPath, gpuLayers: 0 });
const context = await model.createContext({
  contextSize: Number(contextSize ?? 2048),
  batchSize: 512,
  threads,
  flashAttention: flash === 'on',
});
const sequence = context.getSequence();

await serve(({ promptIds, count, forced }) => {
  return forced ? follow(promptIds, forced) : continueText(promptIds, count);
});

async function continueText(promptIds, count) {
  await sequence.clearHistory();
  const start = performance.now();
  const times = [];
  const ids = [];
  for await (const id of sequence.evaluate(promptIds, { temperature: 0, yieldEogToken: true })) {
    times.push(performance.now() - start);
    ids.push(id);
    if (ids.length === count) break;
  }
  return { ids, times };
}

async function follow(promptIds, forced) {
  await sequence.clearHistory();
  const input = [...promptIds, ...forced].map((id, i) =>
    i < promptIds.length - 1 ? id : [id, { generateNext: { token: true, options: { temperature: 0 } } }],
  );
  const outputs = await sequence.controlledEvaluate(input);
  return { ids: outputs.filter((output) => output?.next?.token !== undefined).map(({ next }) => next.token) };
}
