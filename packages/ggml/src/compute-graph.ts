import {
  concreteShape,
  elementCount,
  type FloatTensor,
  type LocalGraph,
  type LocalOpName,
  type Node,
  type NodeOf,
  ropeFrequencies,
  type Sight,
  type StepInput,
  type StepResult,
  type StepSizes,
  stepInputType,
  tapValue,
} from '@tttv2/graph';
import { DoesNotFitError, type RopeSpec } from '@tttv2/spec';
import type { Activations } from './activations.ts';
import { nativeBytes, newArena, sizesOf } from './arena.ts';
import type { Binding } from './binding.ts';
import { ggmlTypes, int32Type, int64Type } from './ggml-type.ts';
import type { LayerCache } from './kv-cache.ts';
import { attentionTiles } from './lower/attention.ts';
import { lowerings } from './lower/index.ts';
import type { EqualRun } from './lower/recurrent.ts';
import type { Lowered, Lowering, LoweringContext, TokenSpan } from './lowering.ts';
import { fillMask } from './mask.ts';
import { type Pointer, present } from './pointer.ts';
import type { PreparedStep } from './prepared-step.ts';
import type { RecurrentRows } from './recurrent-memory.ts';

/** What a native graph is built for; another combination is another graph. */
export interface ComputePlan extends StepSizes {
  visibleCells: number;
  taps: readonly string[];
  /** Tokens that share their rotary frequencies. */
  spans: readonly TokenSpan[];
  /** Sequences of equally many tokens; none where the graph has no recurrent states. */
  runs: readonly EqualRun[];
}

/** Parameters and constants by name, and again those matrices that have a layout for products. */
export interface NativeWeights {
  tensors: ReadonlyMap<string, Pointer>;
  repacked: ReadonlyMap<string, Pointer>;
}

/** The memory of a graph's states. */
export interface StateMemory {
  caches: ReadonlyMap<string, LayerCache>;
  recurrent: ReadonlyMap<string, RecurrentRows>;
}

export interface ComputeSettings {
  isExact: boolean;
  useFlashAttention: boolean;
}

/** Memory that a step writes before each computation: the allocator may have put something else there meanwhile. */
interface NativeInput {
  tensor: Pointer;
  write(bytes: Uint8Array, step: PreparedStep): void;
}

/** What is to be read after the computation; no tensor where it has no size. */
interface Output {
  tensor: Pointer | null;
  shape: number[];
}

/** The memory of a graph that has its place. */
interface Placed {
  writers: readonly ((step: PreparedStep) => void)[];
  logits: Wanted | null;
  taps: readonly { scope: string; value: Wanted }[];
}

/** A value that is wanted beyond the computation: where it lies, and the copy that callers see. */
interface Wanted {
  native: Float32Array;
  copy: FloatTensor;
}

/** A graph lowered to ggml for one plan: built once, placed in memory, and computed any number of times. */
export class ComputeGraph implements LoweringContext {
  readonly g: Binding;
  readonly arena: Pointer;
  readonly sizes: StepSizes;
  readonly isExact: boolean;
  readonly useFlashAttention: boolean;
  readonly visibleCells: number;
  /** The native graph. */
  readonly native: Pointer;
  readonly spans: readonly TokenSpan[];
  readonly runs: readonly EqualRun[];
  readonly #graph: LocalGraph;
  readonly #weights: NativeWeights;
  readonly #states: StateMemory;
  readonly #values = new Map<string, Lowered>();
  readonly #inputs = new Map<string, NativeInput>();
  readonly #logits: Output | null;
  readonly #taps: readonly (Output & { scope: string })[];
  #placed: Placed = { writers: [], logits: null, taps: [] };

  constructor(
    g: Binding,
    graph: LocalGraph,
    weights: NativeWeights,
    states: StateMemory,
    plan: ComputePlan,
    settings: ComputeSettings,
  ) {
    this.g = g;
    this.#graph = graph;
    this.#weights = weights;
    this.#states = states;
    this.sizes = { N: plan.N, R: plan.R };
    this.visibleCells = plan.visibleCells;
    this.spans = plan.spans;
    this.runs = plan.runs;
    this.isExact = settings.isExact;
    this.useFlashAttention = settings.useFlashAttention;
    const nodes = graph.nodes.reduce((sum, node) => sum + nativeTensors(node, plan), plan.taps.length + 64);
    this.arena = newArena(g, nodes, nodes);
    this.native = present(g.newGraphCustom(this.arena, nodes, false), 'a compute graph');
    for (const [name, { shape }] of Object.entries(graph.parameters))
      this.#values.set(name, { tensor: this.#weight(name), shape });
    for (const node of graph.nodes) if (!this.#isEmpty(node)) this.#lower(node);
    this.#taps = plan.taps.map((scope) => ({ scope, ...this.#output(tapValue(graph, scope)) }));
    this.#logits = graph.outputs.logits === undefined || plan.R === 0 ? null : this.#output(graph.outputs.logits);
  }

  /** Gives it memory to compute in. @throws DoesNotFitError when there is none. */
  place(activations: Activations): void {
    if (!activations.place(this.native)) throw this.#noMemory();
    // Addresses stay the same while the graph has its place: views are made once. An input that no result needs has none.
    const inputs = [...this.#inputs.values()].filter(({ tensor }) => this.g.getData(tensor) !== null);
    this.#placed = {
      writers: inputs.map(({ tensor, write }) => {
        const bytes = this.#bytes(tensor);
        return (step) => write(bytes, step);
      }),
      logits: this.#logits && this.#wanted(this.#logits),
      taps: this.#taps.map(({ scope, ...output }) => ({ scope, value: this.#wanted(output) })),
    };
  }

  /** Writes a step's inputs. It must have the sizes that the graph was built for. */
  write(step: PreparedStep): void {
    for (const write of this.#placed.writers) write(step);
  }

  /** What was computed. Copied, into the same memory each time: native memory ends with its state, and nobody would know. */
  read(): StepResult {
    const read = ({ native, copy }: Wanted): FloatTensor => {
      copy.data.set(native);
      return copy;
    };
    return {
      mode: 'device',
      logits: this.#placed.logits && read(this.#placed.logits),
      taps: Object.fromEntries(this.#placed.taps.map(({ scope, value }) => [scope, read(value)])),
    };
  }

  free(): void {
    this.g.free(this.arena);
  }

  expand(tensor: Pointer): void {
    this.g.buildForwardExpand(this.native, tensor);
  }

  stepInput(name: StepInput): Pointer {
    return this.#input(name, int32Type, this.#inputShape(name), (bytes, step) => int32(bytes).set(step[name]));
  }

  axisPositions(span: TokenSpan): Pointer {
    return this.#input(`positions ${JSON.stringify(span)}`, int32Type, [4 * span.count], (bytes, step) => {
      const [time = new Int32Array(), height = time, width = time] = positionsOf(step, span);
      for (const [axis, positions] of [time, height, width, time].entries())
        int32(bytes).set(positions, axis * span.count);
    });
  }

  repacked(weight: string): Pointer | null {
    return this.#weights.repacked.get(weight) ?? null;
  }

  constant(id: string): Pointer {
    return this.#weight(id);
  }

  ropeDivisors(rope: RopeSpec, base: number, pairs: number, span: TokenSpan): Pointer {
    const key = `rope ${base} ${pairs} ${JSON.stringify([rope, span])}`;
    return this.#input(key, ggmlTypes.float32, [pairs], (bytes, step) => {
      const { inverse } = ropeFrequencies(rope, sequenceLength(step, span));
      const divisors = float32(bytes).fill(1);
      divisors.set(inverse.map((frequency, i) => base ** (-i / inverse.length) / frequency));
    });
  }

  cache(state: string): LayerCache {
    const cache = this.#states.caches.get(state);
    if (cache === undefined) throw new Error(`no cache for the state ${state}`);
    return cache;
  }

  recurrentState(state: string): RecurrentRows {
    const rows = this.#states.recurrent.get(state);
    if (rows === undefined) throw new Error(`no memory for the state ${state}`);
    return rows;
  }

  recurrentRows(which: 'from' | 'to'): Pointer {
    const length = this.runs.reduce((sum, { sequences }) => sum + sequences, 0);
    return which === 'from'
      ? this.#input('rows before', int32Type, [length], (bytes, { stateRows }) => int32(bytes).set(stateRows.from))
      : this.#input('rows after', int64Type, [length], (bytes, { stateRows }) =>
          int64(bytes).set(BigInt64Array.from(stateRows.to, BigInt)),
        );
  }

  cellRows(): Pointer {
    return this.#input('cellRows', int64Type, [this.sizes.N], (bytes, { cells }) =>
      int64(bytes).set(BigInt64Array.from(cells, BigInt)),
    );
  }

  transposedRows(width: number): Pointer {
    const stride = [...this.#states.caches.values()][0]?.cells ?? 0;
    return this.#input(`transposedRows ${width}`, int64Type, [width * this.sizes.N], (bytes, { cells }) => {
      // Little-endian words, since a BigInt for each would be slow.
      const words = int32(bytes);
      cells.forEach((cell, token) => {
        for (let i = 0; i < width; i++) {
          const place = i * stride + cell;
          words[2 * (token * width + i)] = place;
          words[2 * (token * width + i) + 1] = Math.floor(place / 2 ** 32);
        }
      });
    });
  }

  mask({ window, chunk }: Sight, dtype: 'float16' | 'float32'): Pointer {
    const { N } = this.sizes;
    return this.#input(`mask ${window} ${chunk} ${dtype}`, ggmlTypes[dtype], [N, this.visibleCells], (bytes, step) =>
      fillMask(
        dtype === 'float16' ? new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2) : float32(bytes),
        step,
        {
          visibleCells: this.visibleCells,
          window,
          chunk,
        },
      ),
    );
  }

  /** Without rows whose logits are wanted, what is computed for them has no size. */
  #isEmpty({ type }: Node): boolean {
    return this.sizes.R === 0 && type.shape.includes('R');
  }

  #lower(node: NodeOf<LocalOpName>): void {
    const inputs = node.inputs.map((name) => this.#value(name));
    const tensor = lowerNode(node.op, node, inputs, this);
    this.#values.set(node.id, { tensor, shape: concreteShape(node.type.shape, this.sizes) });
  }

  #value(name: string): Lowered {
    const known = this.#values.get(name);
    if (known !== undefined) return known;
    const input = this.#graph.inputs.find((candidate) => candidate === name);
    if (input === undefined) throw new Error(`no value ${name}`);
    return { tensor: this.stepInput(input), shape: this.#inputShape(input) };
  }

  #inputShape(input: StepInput): number[] {
    return concreteShape(stepInputType(input, this.#graph).shape, this.sizes);
  }

  #weight(name: string): Pointer {
    return present(this.#weights.tensors.get(name) ?? null, `the weight ${name}`);
  }

  #input(key: string, type: number, shape: readonly number[], write: NativeInput['write']): Pointer {
    const known = this.#inputs.get(key);
    if (known !== undefined) return known.tensor;
    const tensor = this.g.newTensor4d(this.arena, type, ...sizesOf(shape));
    this.g.setInput(tensor);
    this.#inputs.set(key, { tensor, write });
    return tensor;
  }

  /** Keeps a value beyond the computation. A parameter or a view is copied, so that it has memory of its own. */
  #output(name: string): Output {
    const node = this.#graph.nodes.find(({ id }) => id === name);
    if (node && this.#isEmpty(node)) return { tensor: null, shape: concreteShape(node.type.shape, this.sizes) };
    const { tensor, shape } = this.#value(name);
    const kept = this.g.cont(this.arena, tensor);
    this.g.setOutput(kept);
    this.expand(kept);
    return { tensor: kept, shape };
  }

  #wanted({ tensor, shape }: Output): Wanted {
    const native = tensor === null ? new Float32Array() : float32(this.#bytes(tensor));
    return { native, copy: { dtype: 'float32', shape, data: new Float32Array(elementCount(shape)) } };
  }

  #bytes(tensor: Pointer): Uint8Array {
    return nativeBytes(present(this.g.getData(tensor), 'the memory of a tensor'), this.g.nbytes(tensor));
  }

  #noMemory(): DoesNotFitError {
    const { N } = this.sizes;
    return new DoesNotFitError({
      message: `no memory to compute ${N} tokens at once: ask for smaller steps`,
      wanted: N,
      available: 0,
      unit: 'tokens',
    });
  }
}

function lowerNode<Name extends LocalOpName>(
  op: Name,
  node: NodeOf<Name>,
  inputs: readonly Lowered[],
  context: LoweringContext,
): Pointer {
  const lower: Lowering<Name> = lowerings[op];
  return lower(context, node, inputs);
}

/** At least as many native tensors as the lowering of a node emits; an exact gated GELU emits 9. */
function nativeTensors({ op, type }: Node, { N, visibleCells, spans, runs }: ComputePlan): number {
  if (op === 'causal_conv' || op === 'ssm_scan') return 4 + 16 * runs.length;
  if (op === 'gated_delta') return 6 + 24 * runs.length;
  if (op === 'select_keys') return 16;
  if (op === 'rotary') return 4 + 16 * spans.length;
  const [, heads] = type.shape;
  if (op === 'attention' && typeof heads === 'number') return 20 + 12 * attentionTiles(N, heads, visibleCells).length;
  return 10;
}

/** One more than the longest position of some tokens. */
function sequenceLength(step: PreparedStep, span: TokenSpan): number {
  const longestOf = (positions: Int32Array) => positions.reduce((longest, position) => Math.max(longest, position), 0);
  return 1 + Math.max(...positionsOf(step, span).map(longestOf));
}

/** Positions of some tokens, axis by axis. */
function positionsOf({ tokens, positions }: PreparedStep, { from, count }: TokenSpan): Int32Array[] {
  return Array.from({ length: positions.length / tokens.length }, (_, axis) => {
    const start = axis * tokens.length + from;
    return positions.subarray(start, start + count);
  });
}

function int32(bytes: Uint8Array): Int32Array {
  return new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
}

function int64(bytes: Uint8Array): BigInt64Array {
  return new BigInt64Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 8);
}

function float32(bytes: Uint8Array): Float32Array {
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
}
