import { type Executable, opset, type State, type WeightSource } from '@tttv2/graph';
import { DoesNotFitError, WeightMismatchError } from '@tttv2/spec';
import type { ContractCase } from './contract-case.ts';
import { expectRejection, isError } from './expect-rejection.ts';
import { type BackendUnderTest, compileLegal, expectSameResult, type SideBySide, sideBySide } from './side-by-side.ts';
import { stepOf } from './step-of.ts';
import { tinyDecoder } from './tiny-decoder.ts';
import { turn } from './turn.ts';

const stateOptions = { maxSequences: 2, totalTokens: 64, tokensPerSequence: 64 };
const prompt = [5, 17, 3, 39];

/** How executables and states begin, are interrupted, share a device, and end. */
export function lifecycleContract(under: BackendUnderTest): ContractCase[] {
  const { backend, hardware, tolerance } = under;
  const decoder = tinyDecoder();
  const { graph, weights } = decoder;
  const promise = (name: string, run: () => Promise<void>): ContractCase => ({ name: `lifecycle: ${name}`, run });
  const withBoth = (name: string, body: (both: SideBySide) => Promise<void>) =>
    promise(name, () => sideBySide(under, decoder, body));
  const compile = () => compileLegal(backend, graph, weights, hardware);

  return [
    promise('names itself and its devices', async () => {
      if (backend.contract !== 'v1' || backend.name === '') throw new Error('contract and name must be set');
      const devices = await backend.devices();
      if (devices.length === 0) throw new Error('there is no device to test on');
    }),
    promise('a graph of a newer opset is refused by name', async () => {
      const program = { mesh: [1, 1] as [number, number], stages: [{ ...graph, opset: opset + 1 }] };
      const error = await expectRejection(() => backend.compile(program, weights, hardware), isError, 'a refusal');
      if (!error.message.includes(`opset ${opset}`))
        throw new Error(`the message must name the opset: ${error.message}`);
    }),
    promise('a program without a stage is refused', async () => {
      const program = { mesh: [1, 1] as [number, number], stages: [] };
      await expectRejection(() => backend.compile(program, weights, hardware), isError, 'a refusal');
    }),
    promise('weights of another shape are refused', async () => {
      const [name = ''] = weights.names();
      const other: WeightSource = {
        ...weights,
        describe: (asked) => {
          const expr = weights.describe(asked);
          return asked === name ? { kind: 'rows', of: expr, start: 0, count: 1, step: 1 } : expr;
        },
      };
      const refused = () => compileLegal(backend, graph, other, hardware);
      await expectRejection(refused, WeightMismatchError.isInstance, 'a WeightMismatchError');
    }),
    promise('loading reports its progress, and stops when aborted', async () => {
      const program = { mesh: [1, 1] as [number, number], stages: [graph] };
      const reports: { loadedBytes: number; totalBytes: number }[] = [];
      const progress = (report: { loadedBytes: number; totalBytes: number }) => void reports.push(report);
      const executable = await backend.compile(program, weights, hardware, { progress });
      await executable.dispose();
      const last = reports.at(-1);
      if (last === undefined || last.totalBytes <= 0 || last.loadedBytes !== last.totalBytes)
        throw new Error(`the last report must be of all bytes, found ${JSON.stringify(last)}`);
      const signal = AbortSignal.abort(new Error('enough'));
      const stopped = () => backend.compile(program, weights, hardware, { signal });
      const error = await expectRejection(stopped, isError, 'the reason of the signal');
      if (error.message !== 'enough') throw new Error(`expected the reason of the signal, found ${error}`);
    }),
    promise('says what memory it has', async () => {
      const executable = await compile();
      const before = executable.memory();
      const state = executable.createState(stateOptions);
      await executable.run(state, stepOf(state, [{ slot: 0, ids: prompt }], { logits: [3] }));
      const during = executable.memory();
      state.dispose();
      const after = executable.memory();
      await executable.dispose();
      for (const bytes of [before, during, after].flatMap((report) => Object.values(report)))
        if (!Number.isSafeInteger(bytes) || bytes < 0) throw new Error(`${bytes} is not a number of bytes`);
      if (before.mappedWeights + before.ownWeights <= 0) throw new Error('the weights must take some memory');
      if (during.states < before.states) throw new Error('a state cannot take less than nothing');
      if (after.states !== before.states || after.compute !== before.compute)
        throw new Error('what a state took must be given back with it');
    }),
    promise('more sequences or tokens than the configuration allows are refused', async () => {
      const executable = await compileLegal(backend, graph, weights, { ...hardware, maxBatch: 2, maxContext: 32 });
      const options = { maxSequences: 2, totalTokens: 64, tokensPerSequence: 32 };
      executable.createState(options).dispose();
      for (const beyond of [{ maxSequences: 3 }, { tokensPerSequence: 33 }]) {
        const create = async () => executable.createState({ ...options, ...beyond });
        await expectRejection(create, DoesNotFitError.isInstance, `a DoesNotFitError for ${JSON.stringify(beyond)}`);
      }
      await executable.dispose();
    }),
    withBoth('a step that was aborted before it began changes nothing', async (both) => {
      await both.run([{ slot: 0, ids: prompt }]);
      const signal = AbortSignal.abort(new Error('enough'));
      const run = () => both.executable.run(both.state, both.step([{ slot: 0, ids: [1] }]), { signal });
      const error = await expectRejection(run, isError, 'the reason of the signal');
      if (error.message !== 'enough') throw new Error(`expected the reason of the signal, found ${error}`);
      both.expectSameLengths([0]);
      await both.run([{ slot: 0, ids: [2] }], { logits: [0] });
    }),
    withBoth('a step that is aborted on its way changes nothing, or all', async (both) => {
      await both.run([{ slot: 0, ids: prompt }]);
      for (const turns of [0, 1, 2, 3]) {
        const controller = new AbortController();
        const step = both.step([{ slot: 1, ids: Array.from({ length: 40 }, (_, i) => i) }], { logits: [39] });
        const outcome = both.executable.run(both.state, step, { signal: controller.signal }).then(
          () => 'done',
          (reason: unknown) => reason,
        );
        for (let i = 0; i < turns; i++) await turn();
        controller.abort('enough');
        const found = await outcome;
        if (found !== 'done' && found !== 'enough')
          throw new Error(`expected the reason of the signal, found ${found}`);
        const length = both.state.length(1);
        if (length !== (found === 'done' ? 40 : 0))
          throw new Error(`the step was ${found}, but the sequence has ${length} tokens`);
        both.state.release(1);
        await both.run([{ slot: 0, ids: [turns] }], { logits: [0] });
      }
    }),
    withBoth('steps that are asked for at once run one after the other', async (both) => {
      const other = both.executable.createState(stateOptions);
      await Promise.all([
        both.executable.run(other, stepOf(other, [{ slot: 0, ids: [9, 9, 9] }], { taps: ['layers.1'] })),
        both.executable.run(both.state, both.step([{ slot: 2, ids: prompt }], { logits: [0] })),
        both.run([{ slot: 1, ids: prompt }], { logits: [0], taps: ['layers.0'] }),
      ]);
      other.dispose();
      await both.run([{ slot: 1, ids: [6] }], { logits: [0] });
    }),
    withBoth('states are independent', async (both) => {
      const other = both.executable.createState(stateOptions);
      await both.run([{ slot: 0, ids: prompt }]);
      await both.executable.run(other, stepOf(other, [{ slot: 0, ids: [9, 9, 9, 9, 9] }]));
      await both.run([{ slot: 0, ids: [2] }], { logits: [0] });
      other.dispose();
      await both.run([{ slot: 0, ids: [3] }], { logits: [0] });
    }),
    promise('executables are independent', async () => {
      const [one, two] = [await compile(), await compile()];
      const runOn = async (executable: Executable, ids: readonly number[]) => {
        const state = executable.createState(stateOptions);
        const result = await executable.run(state, stepOf(state, [{ slot: 0, ids }], { logits: [ids.length - 1] }));
        return { ...result, logits: result.logits && { ...result.logits, data: result.logits.data.slice() } };
      };
      const [first, second] = await Promise.all([runOn(one, prompt), runOn(two, prompt)]);
      expectSameResult(first, second, tolerance);
      await one.dispose();
      expectSameResult(await runOn(two, prompt), first, tolerance);
      await two.dispose();
    }),
    promise('a state that was disposed refuses to run', async () => {
      const executable = await compile();
      const state = executable.createState(stateOptions);
      const step = stepOf(state, [{ slot: 0, ids: prompt }], { logits: [3] });
      await executable.run(state, step);
      state.dispose();
      state.dispose();
      await expectRejection(() => executable.run(state, step), isError, 'a refusal');
      await executable.dispose();
    }),
    promise('a state of another executable is refused', async () => {
      const [one, two] = [await compile(), await compile()];
      const state = one.createState(stateOptions);
      const step = stepOf(state, [{ slot: 0, ids: prompt }]);
      await expectRejection(() => two.run(state, step), isError, 'a refusal');
      await one.dispose();
      await two.dispose();
    }),
    promise('an executable that was disposed refuses to run and to make states', async () => {
      const executable = await compile();
      const state = executable.createState(stateOptions);
      const step = stepOf(state, [{ slot: 0, ids: prompt }]);
      await executable.dispose();
      await executable.dispose();
      await expectRejection(() => executable.run(state, step), isError, 'a refusal');
      await expectRejection(() => executable.createState(stateOptions), isError, 'a refusal');
      state.dispose();
    }),
    promise('what is under way when it is disposed ends before', async () => {
      const endings: ((executable: Executable, state: State) => unknown)[] = [
        (_executable, state) => state.dispose(),
        (executable) => executable.dispose(),
      ];
      for (const end of endings) {
        const executable = await compile();
        const state = executable.createState(stateOptions);
        const step = stepOf(state, [{ slot: 0, ids: prompt }], { logits: [3] });
        const underWay = executable.run(state, step);
        await turn();
        const ended = end(executable, state);
        const late = expectRejection(() => executable.run(state, step), isError, 'a refusal');
        const [outcome, refusal] = await Promise.allSettled([underWay, late, ended]);
        if (outcome.status === 'fulfilled' && outcome.value.logits === null) throw new Error('the logits are missing');
        if (refusal.status === 'rejected') throw refusal.reason;
        await executable.dispose();
      }
    }),
  ];
}
