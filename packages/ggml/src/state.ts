import type { LocalGraph, State, StateOptions, Step } from '@tttv2/graph';
import { isLengthDependent } from '@tttv2/spec';
import { Activations } from './activations.ts';
import { ComputeGraph, type ComputeSettings, type NativeWeights } from './compute-graph.ts';
import type { Engine } from './engine.ts';
import type { GgmlDtype } from './ggml-type.ts';
import { KvCacheMemory } from './kv-cache.ts';
import { KvCells, padded } from './kv-cells.ts';
import { type EqualRun, equalRuns } from './lower/recurrent.ts';
import type { PreparedStep } from './prepared-step.ts';
import { RecurrentMemory } from './recurrent-memory.ts';

/** So many graphs are kept for another step of the same sizes. */
const keptGraphs = 8;

interface StateParts {
  engine: Engine;
  graph: LocalGraph;
  weights: NativeWeights;
  kvCacheDtype: GgmlDtype;
  settings: ComputeSettings;
  options: StateOptions;
  onDispose: () => void;
}

/** The caches of a set of sequences, and the native graphs that work on them. */
export class GgmlState implements State {
  readonly options: StateOptions;
  readonly #parts: StateParts;
  readonly #cells: KvCells;
  readonly #memory: KvCacheMemory;
  readonly #recurrent: RecurrentMemory;
  /** By plan, least recently used first. */
  readonly #graphs = new Map<string, ComputeGraph>();
  readonly #activations: Activations;
  readonly #hasLengthDependentRope: boolean;
  #isDisposed = false;

  /** @throws DoesNotFitError when there is no memory for the caches. */
  constructor(parts: StateParts) {
    const { engine, graph, options } = parts;
    const cells = padded(options.totalTokens);
    this.#parts = parts;
    this.options = options;
    this.#cells = new KvCells({
      cells,
      capacity: options.totalTokens,
      sequences: options.maxSequences,
      tokensPerSequence: options.tokensPerSequence,
    });
    this.#memory = new KvCacheMemory(engine, graph, cells, parts.kvCacheDtype);
    this.#recurrent = this.#recurrentMemory();
    this.#activations = new Activations(engine, () => this.#dropGraphs());
    this.#hasLengthDependentRope = graph.nodes.some((node) => node.op === 'rotary' && isLengthDependent(node.attrs));
  }

  #recurrentMemory(): RecurrentMemory {
    const { engine, graph, options } = this.#parts;
    try {
      return new RecurrentMemory(engine, graph, options.maxSequences);
    } catch (error) {
      this.#memory.free();
      throw error;
    }
  }

  get cacheBytes(): number {
    return this.#memory.bytes + this.#recurrent.bytes;
  }

  get computeBytes(): number {
    return this.#activations.bytes;
  }

  length(slot: number): number {
    return this.#cells.length(slot);
  }

  truncate(slot: number, length: number): boolean {
    if (!this.#recurrent.truncate(slot, length)) return false;
    this.#cells.truncate(slot, length);
    return true;
  }

  fork(from: number, to: number, length: number): boolean {
    if (!this.#recurrent.fork(from, to, length)) return false;
    this.#cells.fork(from, to, length);
    return true;
  }

  release(slot: number): void {
    this.truncate(slot, 0);
  }

  /** Frees native memory when the step that is under way no longer needs it. */
  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    const { engine, onDispose } = this.#parts;
    onDispose();
    void engine.exclusive(async () => {
      this.#dropGraphs();
      this.#activations.free();
      this.#memory.free();
      this.#recurrent.free();
    });
  }

  /** Adds the step's tokens to the table of cells. @throws DoesNotFitError; what was added before is for the caller to truncate. */
  prepare(step: Step, places: { slot: Int32Array; cacheIndex: Int32Array }): PreparedStep {
    const cells = new Int32Array(step.tokens.length);
    for (const { slot, from, count } of step.sequences) {
      this.#cells.append(slot, count);
      cells.set(this.#cells.of(slot).subarray(-count), from);
    }
    return {
      tokens: step.tokens,
      positions: step.positions,
      ...places,
      logitRows: step.want.logits ?? new Int32Array(),
      sequences: step.sequences,
      cells,
      cellsOf: (slot) => this.#cells.of(slot),
      stateRows: this.#recurrent.rowsFor(step),
    };
  }

  /** What a prepared step computed is the state now. */
  advance(step: Step): void {
    this.#recurrent.advance(step);
  }

  /** The native graph for a step's sizes: kept from an earlier step, or built. */
  graphFor(step: PreparedStep, taps: readonly string[]): ComputeGraph {
    const visibleCells = this.#memory.layers.size === 0 ? 0 : padded(this.#cells.highWater());
    const [N, R] = [step.tokens.length, step.logitRows.length];
    const spans = this.#hasLengthDependentRope
      ? step.sequences.map(({ from, count }) => ({ from, count }))
      : [{ from: 0, count: N }];
    const runs: EqualRun[] = this.#recurrent.states.size === 0 ? [] : equalRuns(step.sequences);
    const plan = { N, R, visibleCells, taps, spans, runs };
    const key = JSON.stringify(plan);
    const { engine, graph, weights, settings } = this.#parts;
    const states = { caches: this.#memory.layers, recurrent: this.#recurrent.states };
    const known = this.#graphs.get(key);
    if (known === undefined) this.#dropOldest();
    const found = known ?? this.#placed(new ComputeGraph(engine.g, graph, weights, states, plan, settings));
    this.#graphs.delete(key);
    this.#graphs.set(key, found);
    return found;
  }

  #placed(graph: ComputeGraph): ComputeGraph {
    try {
      graph.place(this.#activations);
      return graph;
    } catch (error) {
      graph.free();
      throw error;
    }
  }

  /** Before the next is built: the longest unused goes. */
  #dropOldest(): void {
    const [oldest] = this.#graphs;
    if (oldest === undefined || this.#graphs.size < keptGraphs) return;
    const [key, graph] = oldest;
    graph.free();
    this.#graphs.delete(key);
  }

  #dropGraphs(): void {
    for (const graph of this.#graphs.values()) graph.free();
    this.#graphs.clear();
  }
}
