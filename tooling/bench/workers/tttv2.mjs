// { promptIds, count } -> { ids, times }: greedy tokens, and the time at which each was there, ms from the request.
// { promptIds, forced } -> { ids }: the most likely token after the prompt and after each forced one.
import { cpuBackend } from '@tttv2/backend-cpu';
import { createModelFactory } from '@tttv2/factory';
import { argmax, feed } from '@tttv2/runtime';
import { serve } from '../worker.mjs';

const [path, flash] = process.argv.slice(2);
const hardware = { useFlashAttention: flash === 'on' };
const model = await createModelFactory({ backends: [cpuBackend] }).load(path, { device: 'cpu', hardware });

await serve(({ promptIds, count, forced }) => (forced ? follow(promptIds, forced) : continueText(promptIds, count)));

async function continueText(promptIds, maxNewTokens) {
  const start = performance.now();
  const times = [];
  const ids = [];
  for await (const { id } of model.generate({
    promptIds,
    maxNewTokens,
    ignoreEos: true,
    sampling: { temperature: 0 },
  })) {
    times.push(performance.now() - start);
    ids.push(id);
  }
  return { ids: ids.slice(0, maxNewTokens), times };
}

async function follow(promptIds, forced) {
  const total = promptIds.length + forced.length;
  const state = model.executable.createState({ maxSequences: 1, totalTokens: total, tokensPerSequence: total });
  const ids = [argmax((await feed(model.executable, state, Int32Array.from(promptIds))).data)];
  for (const id of forced) ids.push(argmax((await feed(model.executable, state, Int32Array.of(id))).data));
  state.dispose();
  return { ids };
}
