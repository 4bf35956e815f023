import type { Backend, WeightCache, WeightSource } from '@tttv2/graph';
import { convertConfig, type ModelFiles, openModel, openModelText } from '@tttv2/hf';
import {
  CheckpointError,
  type HardwareConfig,
  hardwareConfig,
  type ModelSpec,
  modelSpecSchema,
  parseWith,
} from '@tttv2/spec';
import { buildProgram } from './build-program.ts';
import { checkMesh } from './check-mesh.ts';
import { Model } from './model.ts';
import { type DownloadProgress, downloading, type ModelProgress, placing } from './model-progress.ts';
import { checkMemory } from './plan/check-memory.ts';
import { randomWeightSource } from './random-weight-source.ts';
import { type FoundDevice, findDevice, listDevices } from './registry.ts';

export interface ModelFactoryOptions {
  /** The devices that models can run on. */
  backends: readonly Backend[];
  /** Finds a model's files by what `load` is given. Default: on Node, this machine's files and the hub; elsewhere none. */
  openFiles?: (pathOrId: string, options: OpenFilesOptions) => Promise<ModelFiles>;
}

export interface OpenFilesOptions {
  signal?: AbortSignal;
  /** To be told how far the download of a file is. */
  onDownload?: (progress: DownloadProgress) => void;
}

export interface PlaceOptions {
  /** Name of a device, e.g. `cpu`. */
  device: string;
  /** Hardware settings; `deviceType` is the device. */
  hardware?: Omit<HardwareConfig, 'deviceType'>;
  /** Is told how far the model is: first of what is downloaded, if anything, then of what is placed on the device. */
  onProgress?: (progress: ModelProgress) => void;
  /** Keeps weights that had to be encoded for the device, so that the next load need not. Nothing is written without. */
  weightCache?: WeightCache;
  signal?: AbortSignal;
}

export interface FromSpecOptions extends PlaceOptions {
  /** Default: random numbers from `seed`. */
  weights?: WeightSource;
  /** Default 0. */
  seed?: number;
}

/** Makes models: from a configuration, a specification, or a checkpoint. */
export interface ModelFactory {
  /** The devices that its backends find. */
  devices(): Promise<FoundDevice[]>;
  /** The specification of a Hugging Face `config.json`. @throws UnsupportedModelError, SpecError */
  fromHuggingFace(config: unknown): ModelSpec;
  /** A model of a specification. @throws SpecError, UnsupportedHardwareError, DoesNotFitError, WeightMismatchError */
  fromSpec(spec: ModelSpec, options: FromSpecOptions): Promise<Model>;
  /** A model with its weights, tokenizer and template. @throws CheckpointError, and as `fromSpec` and `fromHuggingFace`. */
  load(pathOrId: string, options: PlaceOptions): Promise<Model>;
}

/** A factory over backends that are plugged in: no globals, no import side effects. */
export function createModelFactory({ backends, openFiles = noFiles }: ModelFactoryOptions): ModelFactory {
  const place = async (spec: ModelSpec, weights: WeightSource, options: PlaceOptions) => {
    const { backend, device } = await findDevice(backends, options.device);
    const hardware = hardwareConfig({ ...options.hardware, deviceType: options.device });
    checkMesh(device, hardware);
    const program = buildProgram(spec, backend, hardware, weights);
    checkMemory(spec, device, hardware, { program, weights });
    const { onProgress, weightCache, signal } = options;
    return backend.compile(program, weights, hardware, {
      ...(onProgress === undefined ? {} : { progress: placing(onProgress) }),
      ...(weightCache === undefined ? {} : { weightCache }),
      ...(signal === undefined ? {} : { signal }),
    });
  };
  return {
    devices: () => listDevices(backends),
    fromHuggingFace: (config) => convertConfig(config).spec,
    async fromSpec(data, options) {
      const spec = parseWith(modelSpecSchema, data);
      const { weights, seed = 0 } = options;
      const source = weights ?? randomWeightSource(spec, seed);
      const executable = await place(spec, source, options);
      const origin = weights === undefined ? ({ kind: 'random', seed } as const) : ({ kind: 'given' } as const);
      return new Model({
        spec,
        origin,
        executable,
        tokenizer: null,
        chatTemplate: null,
        generation: null,
        close: async () => {},
      });
    },
    async load(pathOrId, options) {
      // An unknown device is refused before a byte is read.
      await findDevice(backends, options.device);
      const { signal, onProgress } = options;
      const files = await openFiles(pathOrId, {
        ...(signal === undefined ? {} : { signal }),
        ...(onProgress === undefined ? {} : { onDownload: downloading(onProgress) }),
      });
      const opened = await openModel(files);
      try {
        const text = await openModelText(files, opened.gguf);
        const executable = await place(opened.spec, opened.weights, options);
        const origin = { kind: 'checkpoint', name: opened.name, format: opened.format } as const;
        return new Model({ spec: opened.spec, origin, executable, ...text, close: () => opened.close() });
      } catch (error) {
        await opened.close();
        throw error;
      }
    },
  };
}

async function noFiles(pathOrId: string): Promise<ModelFiles> {
  throw new CheckpointError({
    file: pathOrId,
    message: 'cannot be opened here: give createModelFactory a way to open files (openFiles)',
  });
}
