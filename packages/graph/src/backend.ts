import type { DeviceSpec, HardwareConfig, KvCacheDtype, Precision, PrecisionPreset } from '@tttv2/spec';
import type { Executable } from './executable.ts';
import type { Graph, Node } from './graph.ts';
import type { StepSizes } from './value-type.ts';
import type { WeightSource } from './weight-source.ts';

/** What a backend says of a node: it has a fast way, it wants smaller ops, or it cannot. */
export type Support = { kind: 'native' } | { kind: 'decompose' } | { kind: 'unsupported'; reason: string };

/**
 * Graphs to be run one after the other, each on a mesh of devices of its own, all of which run the same graph on their own
 * parts: one stage on a 1×1 mesh is one device. A stage gives its outputs to later ones; `logits` come out of the program.
 */
export interface Program {
  /** Of each stage. */
  mesh: [number, number];
  stages: Graph[];
}

/** Reported while weights are placed. */
export interface LoadProgress {
  /** Bytes of weights placed so far, and in all. */
  loadedBytes: number;
  totalBytes: number;
}

/** Where a backend may keep what it makes of weights, so that it need not be made again. */
export interface WeightCache {
  /** Made when it is not there. What is kept stays until someone deletes it, which is safe at any time. */
  folder: string;
  /** Is told in a line why something cannot be kept: all goes on without. */
  warn(message: string): void;
}

export interface CompileOptions {
  /** Nothing is kept without. */
  weightCache?: WeightCache;
  progress?: (progress: LoadProgress) => void;
  signal?: AbortSignal;
}

/** A step that is not run: what it would be computed in is to be known. */
export interface PlannedStep {
  /** What one device computes. */
  graph: Graph;
  sizes: StepSizes;
  /** Tokens in the cache, of all sequences together. */
  totalTokens: number;
  kvCacheDtype: KvCacheDtype;
  /** All matrices are float32. */
  isExact: boolean;
  /** Unset: the device's choice. */
  useFlashAttention?: boolean | undefined;
}

/** A kind of device. Implementations never depend on each other. */
export interface Backend {
  readonly contract: 'v1';
  /** The newest graph this backend understands. */
  readonly opset: number;
  readonly name: string;
  /** What `precision` means by a name here; absent: nothing. */
  readonly presets?: Readonly<Record<PrecisionPreset, Precision>>;
  /** Runs one product in the place of several where `useFusedKernels` asks for it; absent: it does so by itself, or not at all. */
  readonly fusesProjections?: boolean;
  /** The devices of this kind that are there; empty where none is. */
  devices(): Promise<DeviceSpec[]>;
  /** Bytes that a step is computed in, beside weights and caches; null, or absent: only an estimate can be had. */
  activationBytes?(step: PlannedStep): number | null;
  supports(node: Node, graph: Graph, hardware: HardwareConfig): Support;
  /**
   * Places the weights and makes the program ready to run.
   * @throws UnsupportedHardwareError that names the device, field or op that is refused.
   * @throws CheckpointError when weights cannot be read.
   */
  compile(
    program: Program,
    weights: WeightSource,
    hardware: HardwareConfig,
    options?: CompileOptions,
  ): Promise<Executable>;
}
