// The memory plan beside what running takes, over a prefill of the whole context in chunks and a decode after it: bytes of the
// engine's allocators, and growth of resident memory since its libraries were loaded. That is planned as all that the plan has
// (what is reserved for the process, too) less what the process had before. Models: SmolLM2, and one of Qwen2.5-0.5B's shape
// with weights of random bits.
//   node tooling/bench/plan.mjs SMOLLM2.gguf
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cpuBackend } from '@tttv2/backend-cpu';
import { createModelFactory, planMemory, randomWeightSource } from '@tttv2/factory';
import { promptOf } from './numbers.mjs';

const MB = 1e6;
const decoded = 8;
const chunk = 512;
/** As its `config.json` has it. */
const qwenConfig = {
  ...{ model_type: 'qwen2', hidden_size: 896, num_hidden_layers: 24, num_attention_heads: 14, num_key_value_heads: 2 },
  ...{ intermediate_size: 4864, vocab_size: 151936, tie_word_embeddings: true, max_position_embeddings: 32768 },
  ...{ rms_norm_eps: 1e-6, rope_theta: 1e6, hidden_act: 'silu' },
};
const factory = createModelFactory({ backends: [cpuBackend] });

const [path, only] = process.argv.slice(2);
if (only === undefined) everyCase();
else console.log(JSON.stringify(await oneCase(JSON.parse(only))));

/** Each in a process of its own: resident memory is a process's. */
function everyCase() {
  const folder = mkdtempSync(join(tmpdir(), 'tttv2-plan-'));
  try {
    const qwen = writeWeights(join(folder, 'qwen'));
    console.log(
      row(['model', 'weights', 'tokens', 'planned', 'allocated', '', 'planned', 'grown', '', 'V8 heap', 'peak']),
    );
    for (const model of ['smollm2', 'qwen'])
      for (const weightDtype of ['float32', 'bfloat16', 'int8'])
        for (const context of [512, 4096]) {
          const given = JSON.stringify({ model, weightDtype, context, qwen });
          const args = ['--expose-gc', fileURLToPath(import.meta.url), path, given];
          show(
            [model, weightDtype, String(context)],
            JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })),
          );
        }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function oneCase({ model: name, weightDtype, context, qwen }) {
  const [cpu] = await cpuBackend.devices();
  // One thread: on a busy machine several wait for each other, and all take the same memory.
  const hardware = { weightDtype, threads: 1 };
  globalThis.gc();
  const before = memoryNow();
  const model =
    name === 'qwen' ? await loadQwen(qwen, hardware) : await factory.load(path, { device: 'cpu', hardware });
  const { executable, spec } = model;
  const state = executable.createState({ maxSequences: 1, totalTokens: context, tokensPerSequence: context });
  const run = (ids) => {
    const [from, count] = [state.length(0), ids.length];
    const positions = Int32Array.from(ids, (_, i) => from + i);
    const want = { logits: Int32Array.of(count - 1) };
    return executable.run(state, {
      tokens: Int32Array.from(ids),
      positions,
      sequences: [{ slot: 0, from: 0, count }],
      want,
    });
  };
  const prompt = promptOf(context);
  for (let at = 0; at < context; at += chunk) await run(prompt.slice(at, at + chunk));
  state.truncate(0, context - decoded);
  for (const id of prompt.slice(-decoded)) await run([id]);
  globalThis.gc();
  const after = memoryNow();
  const stored = name === 'qwen' ? () => 'bfloat16' : () => 'q4_1';
  const activationBytes = (_, step) => cpuBackend.activationBytes(step);
  const { need } = planMemory(spec, cpu, { weightDtype, context, stored, activationBytes });
  const { mappedWeights, ownWeights, states, compute } = executable.memory();
  const grown = Object.fromEntries(Object.keys(after).map((key) => [key, after[key] - before[key]]));
  return {
    planned: need.weights + need.states + need.activations,
    allocated: mappedWeights + ownWeights + states + compute,
    plannedGrowth: need.total - before.resident,
    grown,
  };
}

/** Peak is since the process began, loading included; the heap is what of it is in use. */
function memoryNow() {
  const status = readFileSync('/proc/self/status', 'utf8');
  const of = (field) => Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)[1]) * 1024;
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return { resident: of('VmRSS'), peak: of('VmHWM'), v8: heapUsed + arrayBuffers };
}

function show(names, { planned, allocated, plannedGrowth, grown }) {
  const percent = (plan, found) => `${((100 * (plan - found)) / found).toFixed(1)} %`;
  const megabytes = (bytes) => (bytes / MB).toFixed(1);
  const engine = [megabytes(planned), megabytes(allocated), percent(planned, allocated)];
  const resident = [megabytes(plannedGrowth), megabytes(grown.resident), percent(plannedGrowth, grown.resident)];
  console.log(row([...names, ...engine, ...resident, megabytes(grown.v8), megabytes(grown.peak)]));
}

function row(cells) {
  return cells.map((cell, i) => (i < 2 ? cell.padEnd(9) : cell.padStart(9))).join(' ');
}

/** A file of as many numbers of bfloat16 as the model has parameters; none is beyond ±0.03. */
function writeWeights(file) {
  const spec = factory.fromHuggingFace(qwenConfig);
  const shapes = shapesOf(spec);
  let seed = 1;
  const handle = openSync(file, 'w');
  for (const shape of shapes.values()) {
    const numbers = new Uint16Array(shape.reduce((product, size) => product * size, 1));
    for (let i = 0; i < numbers.length; i++) {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      numbers[i] = ((seed >>> 16) & 0x80ff) | 0x3c00;
    }
    writeSync(handle, numbers);
  }
  closeSync(handle);
  return file;
}

/** Of each parameter, in the order of the file. */
function shapesOf(spec) {
  const random = randomWeightSource(spec, 0);
  return new Map(random.names().map((name) => [name, random.describe(name).shape]));
}

function loadQwen(file, hardware) {
  const spec = factory.fromHuggingFace(qwenConfig);
  const described = new Map();
  let offset = 0;
  for (const [name, shape] of shapesOf(spec)) {
    const bytes = 2 * shape.reduce((product, size) => product * size, 1);
    described.set(name, { kind: 'stored', file: 'weights', offset, bytes, dtype: 'bfloat16', shape });
    offset += bytes;
  }
  const weights = {
    files: new Map([['weights', { size: statSync(file).size, path: file, read: async () => new Uint8Array() }]]),
    names: () => [...described.keys()],
    describe: (name) => described.get(name),
    close: async () => {},
  };
  return factory.fromSpec(spec, { device: 'cpu', hardware, weights });
}
