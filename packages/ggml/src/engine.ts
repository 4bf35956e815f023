import { DeviceLostError } from '@tttv2/spec';
import koffi from 'koffi';
import { type Binding, functionAt, ggml } from './binding.ts';
import { nativeHelpers, returnFreedMemory } from './libc.ts';
import { type Pointer, present } from './pointer.ts';

const cpuDevice = 0; // GGML_BACKEND_DEVICE_TYPE_CPU
const aborted = 1; // GGML_STATUS_ABORTED
const pollOffset = 520; // of `poll` in struct ggml_threadpool_params: bool cpumask[512], int n_threads, int prio
/** How eagerly idle threads spin between nodes, 0 to 100. */
const poll = 50;

/** What the process needs once, before the first backend. */
const initialise = once(() => {
  const g = ggml();
  returnFreedMemory();
  // A callback into JavaScript would be unsafe here: ggml may log from its own threads.
  g.logSet(nativeHelpers().abs, null);
  g.loadAllFromPath(`${g.libraryFolder}/`);
  return g;
});

/** A ggml CPU backend with its threads. One computation at a time: the others wait. */
export class Engine {
  readonly g: Binding;
  readonly backend: Pointer;
  readonly device: Pointer;
  readonly #registry: Pointer;
  readonly #freePool: () => void;
  readonly #flagMemory: Pointer;
  readonly #abortFlag: Uint8Array;
  #queue: Promise<unknown> = Promise.resolve();

  constructor({ threads }: { threads: number }) {
    const g = initialise();
    this.g = g;
    this.backend = present(g.initByType(cpuDevice, null), 'starting the CPU backend');
    this.device = present(g.getDevice(this.backend), 'the CPU device');
    const registry = present(g.devBackendReg(this.device), 'the CPU registry');
    this.#registry = registry;
    const at = (name: string) => present(g.regGetProcAddress(registry, name), name);
    functionAt(at('ggml_backend_set_n_threads'), 'void', ['pointer', 'int'])(this.backend, threads);
    this.#freePool = threads > 1 ? this.#startPool(threads, at) : () => {};
    // ggml asks before each node whether to stop. strlen of a flag is 0 or 1: no call into JavaScript from its threads.
    this.#flagMemory = koffi.alloc('uint8', 2);
    this.#abortFlag = new Uint8Array(koffi.view(this.#flagMemory, 2)).fill(0);
    const setAbort = functionAt(at('ggml_backend_set_abort_callback'), 'void', ['pointer', 'pointer', 'pointer']);
    setAbort(this.backend, nativeHelpers().strlen, this.#flagMemory);
  }

  /** Without a pool the threads would be started for each computation. */
  #startPool(threads: number, at: (name: string) => Pointer): () => void {
    const params = koffi.alloc('uint8', 1024);
    this.g.threadpoolParamsInit(params, threads);
    koffi.encode(params, pollOffset, 'uint32', poll);
    const pool = present(functionAt(at('ggml_threadpool_new'), 'pointer', ['pointer'])(params), 'starting threads');
    functionAt(at('ggml_backend_cpu_set_threadpool'), 'void', ['pointer', 'pointer'])(this.backend, pool);
    koffi.free(params);
    const freePool = functionAt(at('ggml_threadpool_free'), 'void', ['pointer']);
    return () => freePool(pool);
  }

  /** Kinds of memory beside the plain one, which hold matrices in layouts that this processor multiplies faster. */
  extraBufferTypes(): Pointer[] {
    const address = this.g.regGetProcAddress(this.#registry, 'ggml_backend_dev_get_extra_bufts');
    if (address === null) return [];
    const list = functionAt(address, 'pointer', ['pointer'])(this.device);
    return list === null ? [] : pointersAt(list);
  }

  /** Runs `task` when all that was asked for before is done. */
  exclusive<Result>(task: () => Promise<Result>): Promise<Result> {
    const result = this.#queue.then(task);
    this.#queue = result.catch(() => {});
    return result;
  }

  /** Computes a native graph off the event loop; call it within `exclusive`. @throws the signal's reason when aborted. */
  async compute(graph: Pointer, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const stop = () => {
      this.#abortFlag[0] = 1;
    };
    signal?.addEventListener('abort', stop);
    try {
      const status = await new Promise<number>((resolve, reject) => {
        this.g.graphCompute.async(this.backend, graph, (error, result) => (error ? reject(error) : resolve(result)));
      });
      if (status === aborted) signal?.throwIfAborted();
      if (status !== 0)
        throw new DeviceLostError({ device: 'cpu', message: `ggml could not compute the graph (status ${status})` });
    } finally {
      signal?.removeEventListener('abort', stop);
      this.#abortFlag[0] = 0;
    }
  }

  /** Waits for what is under way, then frees the backend and its threads. */
  async dispose(): Promise<void> {
    await this.exclusive(async () => {
      this.g.backendFree(this.backend);
      this.#freePool();
      koffi.free(this.#flagMemory);
    });
  }
}

function once<Result>(make: () => Result): () => Result {
  let made: { result: Result } | null = null;
  return () => {
    made ??= { result: make() };
    return made.result;
  };
}

/** The processor's name, as ggml knows it. */
export function cpuDescription(): string {
  const g = initialise();
  const backend = present(g.initByType(cpuDevice, null), 'starting the CPU backend');
  const description = g.devDescription(present(g.getDevice(backend), 'the CPU device'));
  g.backendFree(backend);
  return description;
}

/** The addresses of a list in native memory that ends with null. */
function pointersAt(list: Pointer): Pointer[] {
  const found: Pointer[] = [];
  while (true) {
    const [pointer = 0n] = new BigUint64Array(koffi.view(list + BigInt(8 * found.length), 8));
    if (pointer === 0n) return found;
    found.push(pointer);
  }
}
