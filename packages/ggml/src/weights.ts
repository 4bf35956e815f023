import {
  dtypeOf,
  type Graph,
  type LoadProgress,
  readFloats,
  readWeight,
  type WeightCache,
  type WeightSource,
} from '@tttv2/graph';
import { bytesOf } from '@tttv2/spec';
import { nativeBytes, newArena, sizesOf } from './arena.ts';
import { called } from './called.ts';
import type { NativeWeights } from './compute-graph.ts';
import { EncodedFile, isWorthKeeping, NotKept } from './encoded-file.ts';
import type { Engine } from './engine.ts';
import { ggmlTypes } from './ggml-type.ts';
import { onLanes } from './lanes.ts';
import type { MappedFile } from './mapped-file.ts';
import { MappedFiles } from './mapped-files.ts';
import { bytesOfRows, convertRows, type NativeRows, rowsFrom, withRows } from './native-rows.ts';
import { noMemory } from './no-memory.ts';
import { isInPlace, type Placement, placementsOf, rowsOf, sizeOf, usesOfParameters } from './placement.ts';
import { type Pointer, present } from './pointer.ts';
import { ProductLayouts } from './product-layouts.ts';

const forWeights = 1; // GGML_BACKEND_BUFFER_USAGE_WEIGHTS
/** So many numbers are converted at once: what is computed in between stays within a processor's caches. */
const numbersAtOnce = 2 ** 18;

/** The layout for products that a matrix is to have, in memory of a type. */
interface Layout {
  bufferType: Pointer;
  bytes: number;
  /** Nothing else is done with it, so that it needs no plain form. */
  isOnlyForm: boolean;
}

interface Repacked extends Layout {
  placement: Placement;
}

/** Some rows of a parameter. */
interface Part {
  placement: Placement;
  start: number;
  rows: number;
}

export interface LoadOptions {
  /** Threads that convert weights. */
  threads: number;
  /** Holds matrices in layouts that this processor multiplies faster, where it has any: at the cost of a copy. */
  repack?: boolean;
  /** Weights that are encoded in blocks are kept there, and mapped the next time. */
  weightCache?: WeightCache | undefined;
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
  static async load(engine: Engine, graph: Graph, source: WeightSource, options: LoadOptions): Promise<Weights> {
    const loader = new Loader(engine, source, options);
    try {
      return await loader.load(graph, (weights, bytes) => new Weights(weights, bytes, () => loader.free()));
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
  readonly #options: LoadOptions;
  readonly #files: MappedFiles;
  readonly #cleanups: (() => void)[] = [];
  readonly #tensors = new Map<string, Pointer>();
  readonly #repacked = new Map<string, Pointer>();
  #loadedBytes = 0;
  #totalBytes = 0;

  constructor(engine: Engine, source: WeightSource, options: LoadOptions) {
    this.#engine = engine;
    this.#source = source;
    this.#options = options;
    this.#files = new MappedFiles(engine, source);
  }

  async load(
    graph: Graph,
    done: (weights: NativeWeights, bytes: { mapped: number; own: number }) => Weights,
  ): Promise<Weights> {
    const planned = placementsOf(graph, this.#source);
    const layouts = this.#options.repack === true ? this.#layoutsOf(graph, planned) : new Map<string, Layout>();
    this.#totalBytes = sum(planned, (one) => sizeOf(one) * (layouts.get(one.name)?.isOnlyForm === false ? 2 : 1));
    const placements = await this.#throughCache(planned);
    const repacked = placements.flatMap((placement) => {
      const layout = layouts.get(placement.name);
      return layout === undefined ? [] : [{ placement, ...layout }];
    });
    const plain = placements.filter(({ name }) => layouts.get(name)?.isOnlyForm !== true);
    const inPlace = plain.filter(isInPlace);
    const converted = plain.filter((placement) => !isInPlace(placement));
    const bytes = {
      mapped: sum(inPlace, sizeOf),
      own: sum(converted, sizeOf) + sum(repacked, ({ bytes }) => bytes),
    };
    this.#placeMapped(inPlace);
    this.#loaded(bytes.mapped);
    await this.#placeOwn(graph, converted);
    await this.#placeRepacked(repacked);
    this.#files.releaseUnused(new Set(inPlace.map(({ view }) => view?.file)));
    // What was read to be written elsewhere would else count twice.
    if (converted.length + repacked.length > 0) this.#files.forget();
    return done({ tensors: this.#tensors, repacked: this.#repacked }, bytes);
  }

  free(): void {
    for (const cleanup of this.#cleanups.toReversed()) cleanup();
    this.#cleanups.length = 0;
    this.#files.releaseUnused(new Set());
  }

  #loaded(bytes: number): void {
    this.#loadedBytes += bytes;
    this.#options.progress?.({ loadedBytes: this.#loadedBytes, totalBytes: this.#totalBytes });
  }

  /** Those that are worth it become views of a file in the cache, which is written when it is not there. */
  async #throughCache(placements: Placement[]): Promise<Placement[]> {
    const { weightCache, threads, signal } = this.#options;
    const encoded = placements.filter((placement) => isWorthKeeping(placement, this.#source));
    if (weightCache === undefined || encoded.length === 0) return placements;
    const withoutEncoding = this.#totalBytes;
    try {
      const encoder = this.#engine.g.version();
      const file = await EncodedFile.of(encoded, this.#source, { folder: weightCache.folder, encoder, threads });
      const mapped = (await file.open()) ?? (await this.#encode(encoded, file));
      this.#files.add(file.path, mapped);
      return placements.map((placement) => (encoded.includes(placement) ? viewIn(file, placement) : placement));
    } catch (error) {
      signal?.throwIfAborted();
      if (!isNotKept(error)) throw error;
      this.#totalBytes = withoutEncoding + this.#loadedBytes;
      weightCache.warn(`encoded weights are not kept: ${error.message}`);
      return placements;
    }
  }

  async #encode(placements: Placement[], file: EncodedFile): Promise<MappedFile> {
    const parts = placements.flatMap((placement) => this.#partsOf(placement));
    this.#totalBytes += sum(placements, sizeOf);
    await file.write((put) =>
      this.#forEach(parts, (part, engine) =>
        withRows(engine, rowsIn(part), async (lent) => {
          await this.#convert(part, lent, engine);
          await put(bytesOfRows(lent), file.offsetOf(part.placement) + startOf(part));
          this.#loaded(sizeOfPart(part));
        }),
      ),
    );
    const mapped = await file.open();
    if (mapped === null) throw new NotKept(`${file.path} is not as it was written`);
    return mapped;
  }

  #placeMapped(placements: readonly Placement[]): void {
    const { g } = this.#engine;
    const arena = this.#arena(placements.length);
    for (const { name, shape, view, target } of placements) {
      if (view === null) continue;
      const tensor = g.newTensor4d(arena, ggmlTypes[target], ...sizesOf(shape));
      const status = g.tensorAlloc(this.#files.of(view.file).buffer, tensor, this.#files.addressOf(view));
      if (status !== 0) throw new Error(`ggml refused a tensor at byte ${view.offset} of ${view.file}`);
      this.#tensors.set(name, tensor);
    }
  }

  async #placeOwn(graph: Graph, placements: readonly Placement[]): Promise<void> {
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
    for (const { id, attrs } of constants) {
      const bytes = new Uint8Array(Float32Array.from(attrs.data).buffer);
      nativeBytes(this.#dataOf(id), bytes.byteLength).set(bytes);
    }
    const parts = placements.flatMap((placement) => this.#partsOf(placement));
    await this.#forEach(parts, async (part, engine) => {
      const { name, target } = part.placement;
      const whole = { buffer, address: this.#dataOf(name), dtype: target, ...rowsOf(part.placement) };
      await this.#convert(part, rowsFrom(whole, part.start, part.rows), engine);
      this.#loaded(sizeOfPart(part));
    });
  }

  /** The matrices that gain by another layout. */
  #layoutsOf(graph: Graph, placements: readonly Placement[]): Map<string, Layout> {
    const layouts = new ProductLayouts(this.#engine);
    const { products, others } = usesOfParameters(graph);
    return new Map(
      placements.flatMap(({ name, shape, target }): [string, Layout][] => {
        const bufferType = products.has(name) && target !== 'float32' ? layouts.bufferTypeFor(target, shape) : null;
        return bufferType === null
          ? []
          : [[name, { bufferType, bytes: layouts.bytesOf(target, shape), isOnlyForm: !others.has(name) }]];
      }),
    );
  }

  async #placeRepacked(repacked: readonly Repacked[]): Promise<void> {
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
    await this.#forEach(repacked, async ({ placement, isOnlyForm }, engine) => {
      await this.#repack(placement, isOnlyForm, engine);
      this.#loaded(sizeOf(placement));
    });
  }

  /** Writes a matrix in its other layout, from where it lies or was converted to; for one without a plain form that is temporary. */
  async #repack(placement: Placement, isOnlyForm: boolean, engine: Engine): Promise<void> {
    const { g } = this.#engine;
    const { name, view, target } = placement;
    const tensor = present(this.#repacked.get(name) ?? null, name);
    const write = (source: Pointer) => called((done) => g.tensorSet.async(tensor, source, 0, sizeOf(placement), done));
    if (isInPlace(placement) && view !== null) await write(this.#files.addressOf(view));
    else if (!isOnlyForm) await write(this.#dataOf(name));
    else
      await withRows(engine, { dtype: target, ...rowsOf(placement) }, async (lent) => {
        for (const part of this.#partsOf(placement))
          await this.#convert(part, rowsFrom(lent, part.start, part.rows), engine);
        await write(lent.address);
      });
    if (isOnlyForm) this.#tensors.set(name, tensor);
  }

  /** Runs of rows that can be converted alone: what does not lie in a file as rows is put together at once. */
  #partsOf(placement: Placement): Part[] {
    const { rows, width } = rowsOf(placement);
    const atOnce = placement.view === null ? rows : Math.max(1, Math.floor(numbersAtOnce / width));
    return Array.from({ length: Math.ceil(rows / atOnce) }, (_, i) => ({
      placement,
      start: i * atOnce,
      rows: Math.min(atOnce, rows - i * atOnce),
    }));
  }

  /**
   * Writes rows of a parameter as its target type: natively where the bytes lie in a file, as they are where they have that
   * type once put together, else by `readFloats`.
   */
  async #convert(part: Part, to: NativeRows, engine: Engine): Promise<void> {
    const { view, expr, target } = part.placement;
    if (view !== null) {
      const { buffer } = this.#files.of(view.file);
      const whole = { buffer, address: this.#files.addressOf(view), dtype: view.dtype, ...rowsOf(part.placement) };
      return convertRows(engine, rowsFrom(whole, part.start, part.rows), to);
    }
    if (target === dtypeOf(expr)) return bytesOfRows(to).set(await readWeight(this.#source, expr));
    const data = await readFloats(this.#source, expr);
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    if (target === 'float32') return bytesOfRows(to).set(bytes);
    await withRows(engine, { ...to, dtype: 'float32' }, async (numbers) => {
      bytesOfRows(numbers).set(bytes);
      await convertRows(engine, numbers, to);
    });
  }

  #forEach<Item>(items: readonly Item[], task: (item: Item, engine: Engine) => Promise<void>): Promise<void> {
    const { threads, signal } = this.#options;
    return onLanes(threads, items, async (item, engine) => {
      signal?.throwIfAborted();
      await task(item, engine);
    });
  }

  #dataOf(name: string): Pointer {
    return present(this.#engine.g.getData(present(this.#tensors.get(name) ?? null, name)), name);
  }

  #arena(tensors: number): Pointer {
    const { g } = this.#engine;
    const arena = newArena(g, tensors);
    this.#cleanups.push(() => g.free(arena));
    return arena;
  }
}

/** That is the cache's matter alone: its disk is full, its folder not ours, a file was changed under our hands. */
function isNotKept(error: unknown): error is Error {
  return error instanceof NotKept || (error instanceof Error && 'syscall' in error);
}

/** A placement whose weight lies in a file of encoded ones. */
function viewIn(file: EncodedFile, placement: Placement): Placement {
  const { shape, target } = placement;
  const view = { file: file.path, offset: file.offsetOf(placement), bytes: sizeOf(placement), dtype: target, shape };
  return { ...placement, view };
}

function rowsIn({ placement, rows }: Part) {
  return { dtype: placement.target, rows, width: rowsOf(placement).width };
}

function sizeOfPart({ placement, rows }: Part): number {
  return bytesOf(placement.target, [rows, rowsOf(placement).width]);
}

function startOf({ placement, start }: Part): number {
  return sizeOfPart({ placement, start: 0, rows: start });
}

function sum<T>(items: readonly T[], term: (item: T) => number): number {
  return items.reduce((total, item) => total + term(item), 0);
}
