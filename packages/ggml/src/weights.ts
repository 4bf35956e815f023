import {
  asView,
  describeParameters,
  dtypeOf,
  type Graph,
  type LoadProgress,
  type OpName,
  readFloats,
  readWeight,
  type StoredView,
  shapeOf,
  type WeightExpr,
  type WeightFile,
  type WeightSource,
} from '@tttv2/graph';
import { bytesOf, CheckpointError, DoesNotFitError, type Dtype, dtypeForRows, dtypes } from '@tttv2/spec';
import { nativeBytes, newArena, sizesOf } from './arena.ts';
import type { NativeWeights } from './compute-graph.ts';
import type { Engine } from './engine.ts';
import { canConvertTo, type GgmlDtype, ggmlTypes, isGgmlDtype } from './ggml-type.ts';
import { type MappedFile, mapFile } from './mapped-file.ts';
import { type Pointer, present } from './pointer.ts';
import { ProductLayouts } from './product-layouts.ts';

const forWeights = 1; // GGML_BACKEND_BUFFER_USAGE_WEIGHTS

/** A matrix that is to have a layout for products, in memory of a type. */
interface Repacked {
  placement: Placement;
  bufferType: Pointer;
  /** Nothing else is done with it, so that it needs no plain form. */
  isOnlyForm: boolean;
}

/** A parameter, where it lies, and what it is to be. */
interface Placement {
  name: string;
  shape: number[];
  expr: WeightExpr;
  /** The bytes in a file, when they can be used or converted where they lie. */
  view: (StoredView & { dtype: GgmlDtype }) | null;
  target: GgmlDtype;
}

export interface LoadOptions {
  /** Holds matrices in layouts that this processor multiplies faster, where it has any: at the cost of a copy. */
  repack?: boolean;
  progress?: ((progress: LoadProgress) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** A model's weights and constants as native tensors: views of mapped files wherever nothing need be converted. */
export class Weights {
  readonly tensors: ReadonlyMap<string, Pointer>;
  readonly repacked: ReadonlyMap<string, Pointer>;
  readonly mappedBytes: number;
  readonly ownBytes: number;
  readonly #release: () => void;

  private constructor(
    { tensors, repacked }: NativeWeights,
    bytes: { mapped: number; own: number },
    release: () => void,
  ) {
    this.tensors = tensors;
    this.repacked = repacked;
    this.mappedBytes = bytes.mapped;
    this.ownBytes = bytes.own;
    this.#release = release;
  }

  /** @throws CheckpointError when a file cannot be read. @throws the signal's reason. Frees what it placed when it fails. */
  static async load(engine: Engine, graph: Graph, source: WeightSource, options: LoadOptions = {}): Promise<Weights> {
    const loader = new Loader(engine, source);
    try {
      return await loader.load(graph, options, (weights, bytes) => new Weights(weights, bytes, () => loader.free()));
    } catch (error) {
      loader.free();
      throw error;
    }
  }

  free(): void {
    this.#release();
  }
}

class Loader {
  readonly #engine: Engine;
  readonly #source: WeightSource;
  readonly #files = new Map<string, MappedFile & { buffer: Pointer }>();
  readonly #cleanups: (() => void)[] = [];
  readonly #tensors = new Map<string, Pointer>();
  readonly #repacked = new Map<string, Pointer>();

  constructor(engine: Engine, source: WeightSource) {
    this.#engine = engine;
    this.#source = source;
  }

  async load(
    graph: Graph,
    { progress, signal, repack = false }: LoadOptions,
    done: (weights: NativeWeights, bytes: { mapped: number; own: number }) => Weights,
  ): Promise<Weights> {
    const placements = plan(graph, this.#source);
    const repacked = repack ? this.#planRepacked(graph, placements) : [];
    const replaced = new Set(repacked.flatMap(({ placement, isOnlyForm }) => (isOnlyForm ? [placement] : [])));
    const plain = placements.filter((placement) => !replaced.has(placement));
    const inPlace = plain.filter(isInPlace);
    const converted = plain.filter((placement) => !isInPlace(placement));
    const mapped = sum(inPlace, sizeOf);
    const total = mapped + sum(converted, sizeOf) + sum(repacked, ({ placement }) => sizeOf(placement));
    this.#placeMapped(inPlace);
    let loadedBytes = mapped;
    progress?.({ loadedBytes, totalBytes: total });
    const loaded = (placement: Placement) => {
      loadedBytes += sizeOf(placement);
      progress?.({ loadedBytes, totalBytes: total });
    };
    this.#allocateOwn(graph, converted);
    for (const placement of converted) {
      signal?.throwIfAborted();
      await this.#convert(placement);
      loaded(placement);
    }
    this.#allocateRepacked(repacked);
    for (const { placement, isOnlyForm } of repacked) {
      signal?.throwIfAborted();
      await this.#repack(placement, isOnlyForm);
      loaded(placement);
    }
    this.#releaseUnused(new Set(inPlace.map(({ view }) => view?.file)));
    // What was read to be repacked would else count twice.
    if (repacked.length > 0) for (const file of this.#files.values()) file.forget();
    return done({ tensors: this.#tensors, repacked: this.#repacked }, { mapped, own: total - mapped });
  }

  free(): void {
    for (const cleanup of this.#cleanups.toReversed()) cleanup();
    this.#cleanups.length = 0;
    this.#releaseUnused(new Set());
  }

  #placeMapped(placements: readonly Placement[]): void {
    const { g } = this.#engine;
    const arena = this.#arena(placements.length);
    for (const { name, shape, view, target } of placements) {
      if (view === null) continue;
      const tensor = g.newTensor4d(arena, ggmlTypes[target], ...sizesOf(shape));
      this.#pointAt(tensor, view);
      this.#tensors.set(name, tensor);
    }
  }

  #allocateOwn(graph: Graph, placements: readonly Placement[]): void {
    const { g } = this.#engine;
    const constants = graph.nodes.filter((node) => node.op === 'constant');
    if (placements.length + constants.length === 0) return;
    const arena = this.#arena(placements.length + constants.length);
    for (const { name, shape, target } of placements)
      this.#tensors.set(name, g.newTensor4d(arena, ggmlTypes[target], ...sizesOf(shape)));
    for (const { id, attrs } of constants)
      this.#tensors.set(id, g.newTensor4d(arena, ggmlTypes.float32, ...sizesOf(attrs.shape)));
    const buffer = g.allocCtxTensors(arena, this.#engine.backend);
    if (buffer === null) throw noMemory(sum(placements, sizeOf));
    this.#cleanups.push(() => g.bufferFree(buffer));
    g.bufferSetUsage(buffer, forWeights);
    for (const { id, attrs } of constants) this.#fill(id, new Uint8Array(Float32Array.from(attrs.data).buffer));
  }

  /** The matrices that gain by another layout. */
  #planRepacked(graph: Graph, placements: readonly Placement[]): Repacked[] {
    const layouts = new ProductLayouts(this.#engine);
    const { products, others } = usesOfParameters(graph);
    return placements.flatMap((placement) => {
      const { name, shape, target } = placement;
      const bufferType = products.has(name) && target !== 'float32' ? layouts.bufferTypeFor(target, shape) : null;
      return bufferType === null ? [] : [{ placement, bufferType, isOnlyForm: !others.has(name) }];
    });
  }

  #allocateRepacked(repacked: readonly Repacked[]): void {
    const { g } = this.#engine;
    for (const bufferType of new Set(repacked.map((one) => one.bufferType))) {
      const placements = repacked.filter((one) => one.bufferType === bufferType).map(({ placement }) => placement);
      const arena = this.#arena(placements.length);
      for (const { name, shape, target } of placements)
        this.#repacked.set(name, g.newTensor4d(arena, ggmlTypes[target], ...sizesOf(shape)));
      const buffer = g.allocCtxTensorsFromBuft(arena, bufferType);
      if (buffer === null) throw noMemory(sum(placements, sizeOf));
      this.#cleanups.push(() => g.bufferFree(buffer));
      g.bufferSetUsage(buffer, forWeights);
    }
  }

  /** Writes a matrix in its other layout, from where it lies or was converted to; for one without a plain form that is temporary. */
  async #repack(placement: Placement, isOnlyForm: boolean): Promise<void> {
    const { g } = this.#engine;
    const { name, view } = placement;
    const tensor = present(this.#repacked.get(name) ?? null, name);
    const write = async (source: Pointer) => {
      const bytes = sizeOf(placement);
      await this.#engine.exclusive(() => called((done) => g.tensorSet.async(tensor, source, 0, bytes, done)));
    };
    if (isInPlace(placement) && view !== null) await write(this.#mapped(view.file).address + BigInt(view.offset));
    else if (!isOnlyForm) await write(this.#dataOf(name));
    else {
      const arena = newArena(g, 1);
      this.#tensors.set(name, g.newTensor4d(arena, ggmlTypes[placement.target], ...sizesOf(placement.shape)));
      const buffer = present(g.allocCtxTensors(arena, this.#engine.backend), `allocating memory to convert ${name}`);
      await this.#convert(placement);
      await write(this.#dataOf(name));
      g.bufferFree(buffer);
      g.free(arena);
    }
    if (isOnlyForm) this.#tensors.set(name, tensor);
  }

  /**
   * Copies one parameter into its own memory as its target type: natively where the bytes lie in a file, as they are where
   * they have that type once put together, else by `readFloats`.
   */
  async #convert({ name, shape, expr, view, target }: Placement): Promise<void> {
    if (view !== null) return this.#cast(name, shape, view.dtype, (tensor) => this.#pointAt(tensor, view));
    if (target === dtypeOf(expr)) return this.#fill(name, await readWeight(this.#source, expr));
    const data = await readFloats(this.#source, expr);
    if (target === 'float32') return this.#fill(name, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    const { g } = this.#engine;
    const arena = newArena(g, 1);
    const tensor = g.newTensor4d(arena, ggmlTypes.float32, ...sizesOf(shape));
    const buffer = present(g.allocCtxTensors(arena, this.#engine.backend), `allocating memory to convert ${name}`);
    nativeBytes(present(g.getData(tensor), name), data.byteLength).set(
      new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    );
    await this.#castTensor(name, tensor, 'float32');
    g.bufferFree(buffer);
    g.free(arena);
  }

  async #cast(name: string, shape: number[], from: GgmlDtype, place: (tensor: Pointer) => void): Promise<void> {
    const { g } = this.#engine;
    const arena = newArena(g, 1);
    const tensor = g.newTensor4d(arena, ggmlTypes[from], ...sizesOf(shape));
    place(tensor);
    await this.#castTensor(name, tensor, from);
    g.free(arena);
  }

  /** Block types convert to and from float32 only: others go through it. */
  async #castTensor(name: string, from: Pointer, fromDtype: GgmlDtype): Promise<void> {
    const { g, backend } = this.#engine;
    const target = present(this.#tensors.get(name) ?? null, name);
    const nodes = 4;
    const arena = newArena(g, nodes, nodes);
    const graph = present(g.newGraphCustom(arena, nodes, false), 'a graph to convert weights');
    const source = fromDtype === 'float32' ? from : g.cast(arena, from, ggmlTypes.float32);
    g.buildForwardExpand(graph, g.cpy(arena, source, target));
    const allocator = present(g.gallocrNew(g.getDefaultBufferType(backend)), 'an allocator to convert weights');
    if (!g.gallocrAllocGraph(allocator, graph)) throw new Error(`no memory to convert ${name}`);
    await this.#engine.exclusive(() => this.#engine.compute(graph));
    g.gallocrFree(allocator);
    g.free(arena);
  }

  #fill(name: string, bytes: Uint8Array): void {
    nativeBytes(this.#dataOf(name), bytes.byteLength).set(bytes);
  }

  #dataOf(name: string): Pointer {
    return present(this.#engine.g.getData(present(this.#tensors.get(name) ?? null, name)), name);
  }

  #pointAt(tensor: Pointer, { file, offset }: StoredView): void {
    const { buffer, address } = this.#mapped(file);
    const status = this.#engine.g.tensorAlloc(buffer, tensor, address + BigInt(offset));
    if (status !== 0) throw new Error(`ggml refused a tensor at byte ${offset} of ${file}`);
  }

  #mapped(name: string): MappedFile & { buffer: Pointer } {
    const known = this.#files.get(name);
    if (known !== undefined) return known;
    const file = fileOf(this.#source, name);
    if (file.path === null)
      throw new CheckpointError({ file: name, message: 'does not lie in a file system, so it cannot be mapped' });
    const mapped = mapFile(file.path, file.size);
    const { g } = this.#engine;
    const buffer = present(g.cpuBufferFromPtr(mapped.address, mapped.size), `a buffer over ${name}`);
    g.bufferSetUsage(buffer, forWeights);
    const entry = { ...mapped, buffer };
    this.#files.set(name, entry);
    return entry;
  }

  /** Files that were only read for conversion need not stay mapped. */
  #releaseUnused(used: ReadonlySet<string | undefined>): void {
    for (const [name, { buffer, unmap }] of this.#files) {
      if (used.has(name)) continue;
      this.#engine.g.bufferFree(buffer);
      unmap();
      this.#files.delete(name);
    }
  }

  #arena(tensors: number): Pointer {
    const { g } = this.#engine;
    const arena = newArena(g, tensors);
    this.#cleanups.push(() => g.free(arena));
    return arena;
  }
}

/** The type in which each parameter will be stored. */
export function targetDtypes(graph: Graph, source: WeightSource): Map<string, GgmlDtype> {
  return new Map(plan(graph, source).map(({ name, target }) => [name, target]));
}

/** What each parameter is to be: its stored type, except where ggml computes with float32 only, or cannot make that type. */
function plan(graph: Graph, source: WeightSource): Placement[] {
  const float32Only = parametersUsedAsNumbers(graph);
  return [...describeParameters(graph, source)].map(([name, expr]) => {
    const shape = shapeOf(expr);
    const view = usableView(source, asView(expr));
    const wanted = float32Only.has(name) ? 'float32' : (graph.parameters[name]?.stored ?? dtypeOf(expr));
    const fitting = dtypeForRows(wanted, shape.at(-1) ?? 1);
    const target = isGgmlDtype(fitting) ? fitting : 'float32';
    return { name, shape, expr, view, target: view?.dtype === target || canConvertTo(target) ? target : 'float32' };
  });
}

/** Parameters by what is done with them. */
function usesOfParameters(graph: Graph): { products: Set<string>; others: Set<string> } {
  const products = new Set<string>();
  const others = new Set(Object.values(graph.outputs));
  for (const { op, inputs } of graph.nodes)
    inputs.forEach((name, index) => {
      if (multiplies(op, index)) products.add(name);
      else others.add(name);
    });
  return { products, others };
}

/** True for an input that is a matrix of a product, or the experts'. */
function multiplies(op: OpName, index: number): boolean {
  if (op === 'moe') return index >= 2 && index <= 4;
  return (op === 'linear' || op === 'matmul') && index === 1;
}

/** Matrices of products and tables of rows may be of any type; what is added or multiplied elementwise must be float32. */
function parametersUsedAsNumbers(graph: Graph): Set<string> {
  const used = new Set<string>();
  for (const { op, inputs } of graph.nodes) {
    inputs.forEach((name, index) => {
      const rank = graph.parameters[name]?.shape.length;
      const isTable = op === 'gather_rows' && index === 0;
      if (rank !== (op === 'moe' ? 3 : 2) || !(isTable || multiplies(op, index))) used.add(name);
    });
  }
  for (const value of Object.values(graph.outputs)) used.add(value);
  return used;
}

function isWhole(dtype: Dtype, shape: readonly number[]): boolean {
  return (shape.at(-1) ?? 1) % dtypes[dtype].elements === 0;
}

/** A view that native code can read in place: of a type it knows, on this machine's disk, on an address it can load. */
function usableView(source: WeightSource, view: StoredView | null): Placement['view'] {
  if (view === null || !isGgmlDtype(view.dtype) || !isWhole(view.dtype, view.shape)) return null;
  const { path, size } = fileOf(source, view.file);
  const bytes = bytesOf(view.dtype, view.shape);
  if (view.offset + bytes > size) {
    const message = `ends at byte ${size}, but a weight of ${bytes} bytes starts here: was it cut short?`;
    throw new CheckpointError({ file: view.file, offset: view.offset, message });
  }
  if (path === null) return null;
  const alignment = view.dtype === 'float32' ? 4 : 2;
  return view.offset % alignment === 0 ? { ...view, dtype: view.dtype } : null;
}

function fileOf(source: WeightSource, name: string): WeightFile {
  const file = source.files.get(name);
  if (file === undefined)
    throw new CheckpointError({ file: name, message: 'is named by a weight, but is not among the checkpoint’s files' });
  return file;
}

function noMemory(wanted: number): DoesNotFitError {
  const message = `no memory for ${wanted} bytes of weights: choose a smaller weightDtype, or a smaller model`;
  return new DoesNotFitError({ message, wanted, available: 0, unit: 'bytes' });
}

function isInPlace({ view, target }: Placement): boolean {
  return view?.dtype === target;
}

function sizeOf({ target, shape }: Placement): number {
  return bytesOf(target, shape);
}

function sum<T>(items: readonly T[], term: (item: T) => number): number {
  return items.reduce((total, item) => total + term(item), 0);
}

/** The result of a native call on a thread of its own. */
function called(call: (done: (error: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => call((error) => (error ? reject(error) : resolve())));
}
