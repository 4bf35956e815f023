import {
  checkStateOptions,
  checkStep,
  type Executable,
  type ExecutionMode,
  indexBounds,
  type KvCache,
  kvCachesOf,
  type MemoryReport,
  type State,
  type StateOptions,
  type Step,
  type StepResult,
  tapValue,
} from '@tttv2/graph';
import { bytesOf, DoesNotFitError, type HardwareConfig, UnsupportedHardwareError } from '@tttv2/spec';
import type { Call } from './call.ts';
import { Collected } from './collect.ts';
import { type EmittedModule, emitModule } from './emit-module.ts';
import type { HostModel, ReferenceCalls } from './host-model.ts';
import { type LoweredProgram, lowerProgram } from './lower-program.ts';
import { maxUsers, tile } from './phase.ts';
import { type Padding, type Room, specialize } from './specialize.ts';
import { TtState } from './tt-state.ts';

export interface TtExecutableFacts {
  model: HostModel;
  program: LoweredProgram;
  module: EmittedModule;
  title: string;
  mode: ExecutionMode;
  hardware: HardwareConfig;
  refusals: readonly string[];
  padding: Padding;
  /** Fills new caches; zero when absent. */
  cacheFill: number | undefined;
  onDispose: () => Promise<void>;
}

/** A program in the Python host. */
export class TtExecutable implements Executable {
  readonly limits = {
    maxSequences: maxUsers,
    maxTokensPerStep: 2 ** 15,
    mixedPhases: true,
    sampling: [],
    rollback: 'any',
  } as const;
  readonly mode: ExecutionMode;
  readonly positionAxes: number;
  readonly hardware: HardwareConfig;
  /** All calls so far; null where ttnn itself runs them. */
  readonly calls: ReferenceCalls | null;
  /**
   * In mode `acceptance`: what ttnn said, on the same mock of the board, to a product of shapes that do not fit and to
   * 256 MiB in L1. A mock that takes them takes anything, and is not used.
   */
  readonly refusals: readonly string[];
  readonly #facts: TtExecutableFacts;
  readonly #states = new Map<TtState, Promise<number>>();
  #program: LoweredProgram;
  #module: EmittedModule;
  #isDisposed = false;
  #last: Promise<unknown> = Promise.resolve();

  constructor(facts: TtExecutableFacts) {
    this.mode = facts.mode;
    this.hardware = facts.hardware;
    this.refusals = facts.refusals;
    this.calls = facts.mode === 'reference' ? { golden: 0, standIn: 0, byName: {} } : null;
    this.#facts = facts;
    this.#program = facts.program;
    this.positionAxes = facts.program.graph.positionAxes;
    this.#module = facts.module;
  }

  /** The program that runs, as Python. */
  get module(): string {
    return this.#module.text;
  }

  createState(options: StateOptions): State {
    if (this.#isDisposed) throw new TypeError('the executable was disposed');
    checkStateOptions(options, this.hardware);
    if (options.maxSequences > maxUsers) {
      const message = `${options.maxSequences} sequences at once are more than the ${maxUsers} that ttnn decodes together`;
      throw new DoesNotFitError({ message, wanted: options.maxSequences, available: maxUsers, unit: 'sequences' });
    }
    const room = { users: options.maxSequences, length: Math.ceil(options.tokensPerSequence / tile) * tile };
    const state: TtState = new TtState(options, room, () => this.#forget(state));
    const made = this.#queue(() => this.#createOnHost(room));
    // Who runs a step is told of a failure; nobody else waits for it.
    made.catch(() => {});
    this.#states.set(state, made);
    return state;
  }

  async run(state: State, step: Step, { signal }: { signal?: AbortSignal } = {}): Promise<StepResult> {
    const check = () => {
      if (!(state instanceof TtState) || !this.#states.has(state))
        throw new TypeError('the state was disposed, or belongs to another executable');
      return state;
    };
    check();
    return this.#queue(() => this.#run(check(), step, signal));
  }

  memory(): MemoryReport {
    const states = [...this.#states.keys()].reduce((sum, { room }) => sum + cacheBytes(this.#program, room), 0);
    return { mappedWeights: 0, ownWeights: this.#facts.model.weightBytes, states, compute: 0 };
  }

  async dispose(): Promise<void> {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    this.#states.clear();
    await this.#last.catch(() => {});
    // Where the host is gone, so are the weights.
    await this.#facts.model.unload().catch(() => {});
    await this.#facts.onDispose();
  }

  async #run(state: TtState, step: Step, signal: AbortSignal | undefined): Promise<StepResult> {
    signal?.throwIfAborted();
    const { positionAxes } = this;
    checkStep(state, step, { bounds: indexBounds(this.#program.graph), positionAxes, ...state.options });
    state.checkRoom(step.tokens.length);
    const taps = (step.want.taps ?? []).map((scope) => ({ scope, id: tapValue(this.#program.graph, scope) }));
    await this.#keepTaps(taps.map(({ scope }) => scope));
    const onHost = await this.#onHost(state);
    for (const fork of state.takeForks()) await this.#facts.model.forkState(onHost, fork);
    const results = this.#results(step, taps);
    for (const call of specialize(this.#program, state, step, state.room, this.#facts.padding)) {
      signal?.throwIfAborted();
      await this.#call(onHost, call, taps, results);
    }
    signal?.throwIfAborted();
    state.advance(step.sequences);
    const logits = step.want.logits?.length ? (results.get('logits')?.tensor ?? null) : null;
    const tapped = taps
      .map(({ scope }) => [scope, results.get(scope)?.tensor])
      .filter(([, tensor]) => tensor !== undefined);
    return { mode: this.mode, logits, taps: Object.fromEntries(tapped) };
  }

  /** Where the step's results are put together, by what they are for. */
  #results(step: Step, taps: readonly { scope: string; id: string }[]): Map<string, Collected> {
    const sizes = { N: step.tokens.length, R: step.want.logits?.length ?? 0 };
    const { nodes, parameters } = this.#program.graph;
    const dims = (id: string) => parameters[id]?.shape ?? nodes.find((node) => node.id === id)?.type.shape ?? [];
    const { logits } = this.#program.graph.outputs;
    const all = [
      ...(logits === undefined ? [] : [['logits', logits] as const]),
      ...taps.map(({ scope, id }) => [scope, id] as const),
    ];
    return new Map(all.map(([name, id]) => [name, new Collected(dims(id), sizes)]));
  }

  async #call(
    state: number,
    call: Call,
    taps: readonly { scope: string; id: string }[],
    results: ReadonlyMap<string, Collected>,
  ): Promise<void> {
    const { phase, user, arrays } = call;
    const calls = taps.map(({ scope }) => this.#callOf(scope, call));
    const wanted = results.get('logits')?.isPartOf(call) ? ['logits'] : [];
    const reply = await this.#facts.model.run({ state, phase, user, arrays, outputs: wanted, taps: calls });
    this.#count(reply.calls);
    const { values } = this.#program.phases[phase];
    const add = (name: string, id: string, array: string) => {
      const [value, data] = [values.get(id), reply.arrays.get(array)];
      if (value === undefined || data === undefined) throw new Error(`the host's reply has no ${array}`);
      results.get(name)?.add(call, value, data);
    };
    for (const name of wanted) add(name, this.#program.graph.outputs[name] ?? '', name);
    for (const [i, { scope, id }] of taps.entries()) add(scope, id, `${calls[i]?.function}@${calls[i]?.at}`);
  }

  #callOf(scope: string, { phase }: Call): { function: string; at: string } {
    const call = this.#module.callOf(scope, phase);
    if (call !== null) return call;
    const { deviceType: device } = this.hardware;
    const message = `${device}: the output of ${scope} is not that of a block of its own here; tap the scope around it`;
    throw new UnsupportedHardwareError({ device, field: 'taps', message });
  }

  /** A module in which every one of these scopes is a function. */
  async #keepTaps(scopes: readonly string[]): Promise<void> {
    const missing = scopes.filter(
      (scope) => this.#module.callOf(scope, 'prefill') === null || this.#module.callOf(scope, 'decode') === null,
    );
    if (missing.length === 0) return;
    const { graph, board, precision, taps } = this.#program;
    this.#program = lowerProgram(graph, { board, precision, taps: new Set([...taps, ...missing]) });
    this.#module = emitModule(this.#program, this.#facts.title);
    await this.#facts.model.exchange(this.#module.text);
  }

  #count(calls: ReferenceCalls | null): void {
    if (this.calls === null || calls === null) return;
    this.calls.golden += calls.golden;
    this.calls.standIn += calls.standIn;
    for (const [name, [kind, count]] of Object.entries(calls.byName))
      this.calls.byName[name] = [kind, (this.calls.byName[name]?.[1] ?? 0) + count];
  }

  async #onHost(state: TtState): Promise<number> {
    const made = this.#states.get(state);
    if (made === undefined) throw new TypeError('the state was disposed, or belongs to another executable');
    return made;
  }

  async #createOnHost(room: Room): Promise<number> {
    const { model, cacheFill } = this.#facts;
    const state = await model.createState({ ...room, ...(cacheFill === undefined ? {} : { fill: cacheFill }) });
    return state;
  }

  #forget(state: TtState): void {
    const made = this.#states.get(state);
    if (made === undefined) return;
    this.#states.delete(state);
    const freed = this.#queue(async () => {
      await this.#facts.model.freeState(await made);
    });
    freed.catch(() => {});
  }

  /** One thing after the other: a board has one program at a time. */
  #queue<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(work, work);
    this.#last = result;
    return result;
  }
}

/** Keys and values of all users, heads padded to whole tiles. */
function cacheBytes({ graph, precision }: LoweredProgram, { users, length }: Room): number {
  const bytes = ({ numKvHeads, headDim, stored }: KvCache) =>
    2 * bytesOf(stored ?? precision.caches, [users, numKvHeads, length, Math.ceil(headDim / tile) * tile]);
  return kvCachesOf(graph).reduce((sum, [, cache]) => sum + bytes(cache), 0);
}
