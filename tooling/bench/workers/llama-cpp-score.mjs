// -ln p of each token of a text but the first, given those before it, by llama.cpp's C interface: node-llama-cpp makes a map
// of all probabilities for each token, which takes longer than the model.
//   node tooling/bench/workers/llama-cpp-score.mjs MODEL.gguf on|off CONTEXT     (flash attention)
// { scored: ids } -> { losses }
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { serve } from '../worker.mjs';

const [path, flash, contextSize] = process.argv.slice(2);
const koffi = createRequire(new URL('../../../packages/ggml/package.json', import.meta.url))('koffi');
const folder = new URL('../peers/node_modules/@node-llama-cpp/linux-x64/bins/linux-x64/', import.meta.url).pathname;
const find = (pattern) => `${folder}${readdirSync(folder).find((name) => pattern.test(name))}`;
koffi.load(find(/^libggml-base\.(v[\d.]+)?so/), { global: true });
const ggml = koffi.load(find(/^libggml\.(v[\d.]+)?so/), { global: true });
const llama = koffi.load(find(/^libllama\.(v[\d.]+)?so/));

// The first fields of both; those behind them keep their defaults, and there are fewer than room.
const Words = koffi.struct('llama_params', { words: koffi.array('int32', 64) });
const Batch = koffi.struct('llama_batch', {
  count: 'int32',
  ...{ tokens: 'int32 *', embeddings: 'void *', positions: 'void *', sequenceCounts: 'void *', sequences: 'void *' },
  wanted: 'int8 *',
});
const Log = koffi.proto('void log(int level, const char *text, void *data)');
llama.func('llama_log_set', 'void', [koffi.pointer(Log), 'void *'])(
  koffi.register(() => {}, koffi.pointer(Log)),
  null,
);
ggml.func('ggml_backend_load_all_from_path', 'void', ['str'])(folder);

const modelParams = llama.func('llama_model_default_params', Words, [])();
const model = llama.func('llama_model_load_from_file', 'void *', ['str', Words])(path, modelParams);
const vocab = llama.func('llama_model_get_vocab', 'void *', ['void *'])(model);
const vocabSize = llama.func('llama_vocab_n_tokens', 'int32', ['void *'])(vocab);
const context = llama.func('llama_init_from_model', 'void *', ['void *', Words])(model, contextParams());
const memory = llama.func('llama_get_memory', 'void *', ['void *'])(context);
const clear = llama.func('llama_memory_clear', 'void', ['void *', 'bool']);
const decode = llama.func('llama_decode', 'int32', ['void *', Batch]);
const getLogits = llama.func('llama_get_logits', 'void *', ['void *']);

await serve(({ scored }) => {
  clear(memory, true);
  const tokens = Int32Array.from(scored);
  const batch = { count: tokens.length, tokens, wanted: new Int8Array(tokens.length).fill(1) };
  const rest = { embeddings: null, positions: null, sequenceCounts: null, sequences: null };
  const status = decode(context, { ...batch, ...rest });
  if (status !== 0) throw new Error(`llama_decode: ${status}`);
  const logits = new Float32Array(koffi.view(getLogits(context), 4 * tokens.length * vocabSize));
  return { losses: scored.slice(1).map((id, i) => lossOf(logits.subarray(i * vocabSize, (i + 1) * vocabSize), id)) };
});

/** Contexts, batches, threads and flash attention, where this version of llama.cpp has them: found by their defaults. */
function contextParams() {
  const params = llama.func('llama_context_default_params', Words, [])();
  const { words } = params;
  const threads = words.findIndex((word, i) => i > 3 && word === 4 && words[i + 1] === 4);
  const kinds = words.findIndex((_, i) => i > threads && words.slice(i, i + 4).every((kind) => kind === -1));
  if (words[0] !== 512 || words[1] !== 2048 || words[2] !== 512 || threads < 0 || kinds < 0)
    throw new Error('llama_context_params is laid out otherwise in this version of llama.cpp');
  for (const i of [0, 1, 2]) words[i] = Number(contextSize);
  for (const i of [threads, threads + 1]) words[i] = 2;
  words[kinds + 3] = flash === 'on' ? 1 : 0;
  return params;
}

function lossOf(logits, id) {
  const largest = logits.reduce((most, logit) => Math.max(most, logit), Number.NEGATIVE_INFINITY);
  const sum = logits.reduce((total, logit) => total + Math.exp(logit - largest), 0);
  return Math.log(sum) + largest - logits[id];
}
