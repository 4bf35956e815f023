import {
  checkStep,
  type Executable,
  type ExecutionMode,
  indexBounds,
  type MemoryReport,
  type State,
  type StateOptions,
  type Step,
  type StepResult,
  tapValue,
} from '@tttv2/graph';
import { DoesNotFitError, type HardwareConfig, UnsupportedHardwareError } from '@tttv2/spec';
import { z } from 'zod';
import type { Call } from './call.ts';
import { Collected } from './collect.ts';
import { type EmittedModule, emitModule } from './emit-module.ts';
import type { HostProcess } from './host-process.ts';
import { type LoweredProgram, lowerProgram } from './lower-program.ts';
import { maxUsers, tile } from './phase.ts';
import { type Padding, type Room, specialize } from './specialize.ts';
import { TtState } from './tt-state.ts';

/** How the calls of a program were computed in the reference mode. */
export interface ReferenceCalls {
  /** By ttnn's own golden functions. */
  golden: number;
  /** By our stand-ins, for ops that have none. */
  standIn: number;
  /** Of each op: which of the two, and how often. */
  byName: Record<string, ['golden' | 'standIn', number]>;
}

export interface TtExecutableFacts {
  host: HostProcess;
  program: LoweredProgram;
  module: EmittedModule;
  title: string;
  mode: ExecutionMode;
  hardware: HardwareConfig;
  padding: Padding;
  /** Fills new caches; zero when absent. */
  cacheFill: number | undefined;
  weightBytes: number;
  onDispose: () => Promise<void>;
}

const callsSchema = z.object({
  golden: z.number(),
  standIn: z.number(),
  byName: z.record(z.string(), z.tuple([z.enum(['golden', 'standIn']), z.number()])),
});

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
  readonly hardware: HardwareConfig;
  /** All calls so far; null where ttnn itself runs them. */
  readonly calls: ReferenceCalls | null;
  readonly #facts: TtExecutableFacts;
  readonly #states = new Map<TtState, Promise<number>>();
  #program: LoweredProgram;
  #module: EmittedModule;
  #stateBytes = 0;
  #isDisposed = false;
  #last: Promise<unknown> = Promise.resolve();

  constructor(facts: TtExecutableFacts) {
    this.mode = facts.mode;
    this.hardware = facts.hardware;
    this.calls = facts.mode === 'reference' ? { golden: 0, standIn: 0, byName: {} } : null;
    this.#facts = facts;
    this.#program = facts.program;
    this.#module = facts.module;
  }

  /** The program that runs, as Python. */
  get module(): string {
    return this.#module.text;
  }

  createState(options: StateOptions): State {
    if (this.#isDisposed) throw new TypeError('the executable was disposed');
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
    return { mappedWeights: 0, ownWeights: this.#facts.weightBytes, states: this.#stateBytes, compute: 0 };
  }

  async dispose(): Promise<void> {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    this.#states.clear();
    await this.#last.catch(() => {});
    await this.#facts.host.close();
    await this.#facts.onDispose();
  }

  async #run(state: TtState, step: Step, signal: AbortSignal | undefined): Promise<StepResult> {
    signal?.throwIfAborted();
    checkStep(state, step, { bounds: indexBounds(this.#program.graph), ...state.options });
    state.checkRoom(step.tokens.length);
    const taps = (step.want.taps ?? []).map((scope) => ({ scope, id: tapValue(this.#program.graph, scope) }));
    await this.#keepTaps(taps.map(({ scope }) => scope));
    const onHost = await this.#states.get(state);
    for (const fork of state.takeForks()) await this.#facts.host.request('forkState', { state: onHost, ...fork });
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
    const dims = (id: string) => this.#program.graph.nodes.find((node) => node.id === id)?.type.shape ?? [];
    const { logits } = this.#program.graph.outputs;
    const all = [
      ...(logits === undefined ? [] : [['logits', logits] as const]),
      ...taps.map(({ scope, id }) => [scope, id] as const),
    ];
    return new Map(all.map(([name, id]) => [name, new Collected(dims(id), sizes)]));
  }

  async #call(
    state: number | undefined,
    call: Call,
    taps: readonly { scope: string; id: string }[],
    results: ReadonlyMap<string, Collected>,
  ): Promise<void> {
    const { phase, user, arrays } = call;
    const calls = taps.map(({ scope }) => this.#callOf(scope, call));
    const wanted = results.get('logits') === undefined || call.logits.size === 0 ? [] : ['logits'];
    const fields = { state, phase, outputs: wanted, taps: calls, ...(user === null ? {} : { user }) };
    const reply = await this.#facts.host.request('run', fields, { arrays });
    this.#count(reply.header.calls);
    const { values } = this.#program.phases[phase];
    const add = (name: string, id: string, array: string) => {
      const [value, data] = [values.get(id), reply.arrays.get(array)?.data];
      if (value === undefined || !(data instanceof Float32Array)) throw new Error(`the host's reply has no ${array}`);
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
    await this.#facts.host.request('load', { module: this.#module.text, name: 'program' });
  }

  #count(calls: unknown): void {
    if (this.calls === null) return;
    const { golden, standIn, byName } = callsSchema.parse(calls);
    this.calls.golden += golden;
    this.calls.standIn += standIn;
    for (const [name, [kind, count]] of Object.entries(byName))
      this.calls.byName[name] = [kind, (this.calls.byName[name]?.[1] ?? 0) + count];
  }

  async #createOnHost({ users, length }: Room): Promise<number> {
    const { host, cacheFill } = this.#facts;
    const fields = { users, length, ...(cacheFill === undefined ? {} : { fill: cacheFill }) };
    const { header } = await host.request('createState', fields);
    await this.#measure();
    return z.number().parse(header.state);
  }

  #forget(state: TtState): void {
    const made = this.#states.get(state);
    if (made === undefined) return;
    this.#states.delete(state);
    const freed = this.#queue(async () => {
      await this.#facts.host.request('freeState', { state: await made });
      await this.#measure();
    });
    freed.catch(() => {});
  }

  async #measure(): Promise<void> {
    const { header } = await this.#facts.host.request('memory');
    this.#stateBytes = z.number().parse(header.states);
  }

  /** One thing after the other: a board has one program at a time. */
  #queue<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(work, work);
    this.#last = result;
    return result;
  }
}
