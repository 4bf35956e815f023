// Writes a .gguf file with all matrices in another type, as llama.cpp's `llama-quantize --pure --allow-requantize` does.
//   node tooling/bench/workers/llama-cpp-quantise.mjs FROM.gguf TO.gguf TYPE
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';

/** `enum llama_ftype` of llama.h. */
const fileTypes = { float32: 0, q4_0: 2, q8_0: 7, q4_k: 14 };

const [from, to, type] = process.argv.slice(2);
const koffi = createRequire(new URL('../../../packages/ggml/package.json', import.meta.url))('koffi');
const folder = new URL(`../peers/node_modules/@node-llama-cpp/linux-x64/bins/linux-x64/`, import.meta.url).pathname;
const library = koffi.load(`${folder}${readdirSync(folder).find((name) => /^libllama\.v?[\d.]*so/.test(name))}`);

// The first fields of `llama_model_quantize_params`; those behind them keep their defaults, and there are fewer than room.
const Params = koffi.struct('llama_model_quantize_params', {
  threads: 'int32',
  fileType: 'int32',
  outputType: 'int32',
  embeddingType: 'int32',
  allowRequantize: 'bool',
  quantiseOutput: 'bool',
  onlyCopy: 'bool',
  pure: 'bool',
  others: koffi.array('uint8', 128),
});
const defaults = library.func('llama_model_quantize_default_params', Params, []);
const quantise = library.func('llama_model_quantize', 'uint32', ['str', 'str', koffi.pointer(Params)]);
const params = { ...defaults(), fileType: fileTypes[type], allowRequantize: true, pure: true, threads: 2 };
const status = quantise(from, to, params);
if (status !== 0) throw new Error(`llama.cpp could not write ${to}: ${status}`);
