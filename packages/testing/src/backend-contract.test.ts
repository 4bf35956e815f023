import {
  type Backend,
  type Executable,
  isOpName,
  ops,
  opTable,
  referenceBackend,
  type State,
  type StepResult,
} from '@tttv2/graph';
import { isLengthDependent } from '@tttv2/spec';
import { describe, expect, test } from 'vitest';
import { backendContract } from './backend-contract.ts';

describe('the reference backend', () => {
  for (const { name, run } of backendContract({ backend: referenceBackend })) test(name, run);
});

describe('the reference backend, by decompositions', () => {
  const backend: Backend = {
    ...referenceBackend,
    supports: (node) => {
      const isWhole = node.op === 'rotary' && (isLengthDependent(node.attrs) || node.attrs.mrope !== undefined);
      return { kind: opTable[node.op].kind === 'composite' && !isWhole ? 'decompose' : 'native' };
    },
  };
  const about = /^linear|^rms_norm|^layer_norm|^glu|^rotary|^decoder/;
  for (const { name, run } of backendContract({ backend })) if (about.test(name)) test(name, run);
});

test('has a case for every op, and no two of one name', () => {
  const names = backendContract({ backend: referenceBackend }).map(({ name }) => name);
  for (const op of Object.keys(ops).filter(isOpName))
    expect(names.filter((name) => name.startsWith(`${op}(`))).not.toEqual([]);
  expect(new Set(names).size).toBe(names.length);
});

/** The reference backend with something wrong in what it compiles. */
function broken(spoil: (executable: Executable) => Partial<Executable>): Backend {
  return {
    ...referenceBackend,
    async compile(...args) {
      const executable = await referenceBackend.compile(...args);
      const sound: Executable = {
        mode: executable.mode,
        positionAxes: executable.positionAxes,
        limits: executable.limits,
        hardware: executable.hardware,
        createState: (options) => executable.createState(options),
        run: (state, step, options) => executable.run(state, step, options),
        memory: () => executable.memory(),
        dispose: () => executable.dispose(),
      };
      return { ...sound, ...spoil(executable) };
    },
  };
}

function changeResults(change: (result: StepResult) => StepResult): Backend {
  return broken((executable) => ({ run: async (...args) => change(await executable.run(...args)) }));
}

/** The cases that a backend fails, by the beginning of their names. */
async function failures(backend: Backend): Promise<string[]> {
  const cases = backendContract({ backend });
  const outcomes = await Promise.allSettled(cases.map(({ run }) => run()));
  return cases.filter((_, i) => outcomes[i]?.status === 'rejected').map(({ name }) => name);
}

/** States of the reference backend by what was made of them. */
function withState(change: (state: State) => Partial<State>): Backend {
  const originals = new Map<State, State>();
  return broken((executable) => ({
    createState: (options) => {
      const state = executable.createState(options);
      const sound: State = {
        length: (slot) => state.length(slot),
        truncate: (slot, length) => state.truncate(slot, length),
        fork: (from, to, length) => state.fork(from, to, length),
        release: (slot) => state.release(slot),
        dispose: () => state.dispose(),
      };
      const changed = { ...sound, ...change(state) };
      originals.set(changed, state);
      return changed;
    },
    run: (state, step, options) => executable.run(originals.get(state) ?? state, step, options),
  }));
}

test.each<[what: string, backend: Backend, found: RegExp]>([
  [
    'logits a little off',
    changeResults(({ logits, ...rest }) => ({
      ...rest,
      logits: logits && { ...logits, data: logits.data.map((value) => value * 1.0001) },
    })),
    /^decoder: prefill/,
  ],
  ['no taps', changeResults((result) => ({ ...result, taps: {} })), /^add\(/],
  ['numbers that say they are none', changeResults((result) => ({ ...result, mode: 'acceptance' })), /^add\(/],
  [
    'logits that nobody asked for',
    changeResults((result) => ({
      ...result,
      logits: result.logits ?? { dtype: 'float32', shape: [1], data: new Float32Array(1) },
    })),
    /none, of all/,
  ],
  [
    'deafness to signals',
    broken((executable) => ({ run: (state, step) => executable.run(state, step) })),
    /aborted before it began/,
  ],
  ['a state that outlives its executable', broken(() => ({ dispose: async () => {} })), /executable that was disposed/],
  [
    'weights that take no memory',
    broken(() => ({ memory: () => ({ mappedWeights: 0, ownWeights: 0, states: 0, compute: 0 }) })),
    /says what memory/,
  ],
  ['a truncation that only says so', withState(() => ({ truncate: () => true })), /^decoder: truncate/],
  ['a fork of nothing', withState(() => ({ fork: () => true })), /^decoder: fork/],
  ['a release that is forgotten', withState(() => ({ release: () => {} })), /^decoder: release/],
  [
    'an older opset than it says',
    {
      ...referenceBackend,
      compile: (program, ...rest) =>
        referenceBackend.compile(
          { ...program, stages: program.stages.map((stage) => ({ ...stage, opset: 1 })) },
          ...rest,
        ),
    },
    /newer opset/,
  ],
])('finds %s', async (_what, backend, found) => {
  expect(await failures(backend)).toContainEqual(expect.stringMatching(found));
});
