import { buildModel } from '@tttv2/blocks';
import {
  type Backend,
  dtypeOf,
  type Graph,
  legalize,
  type Program,
  validate,
  validateProgram,
  type WeightSource,
} from '@tttv2/graph';
import type { HardwareConfig, ModelSpec } from '@tttv2/spec';
import { cacheDtype } from './passes/cache-dtype.ts';
import { checkTensorParallelSize } from './passes/check-tensor-parallel-size.ts';
import { fuseNorms } from './passes/fuse-norms.ts';
import { fuseProjections } from './passes/fuse-projections.ts';
import { pipelineStages } from './passes/pipeline-stages.ts';
import { precision, precisionOf } from './passes/precision.ts';
import { selectRowsEarly } from './passes/select-rows-early.ts';
import { tensorParallel } from './passes/tensor-parallel.ts';
import { weightDtype } from './passes/weight-dtype.ts';

/** A named step between the blocks and a backend. */
export interface Pass {
  name: string;
  /** What takes a graph's place: one, or its stages. */
  run(graph: Graph): readonly Graph[];
}

/** What happens to a graph between the blocks and a backend, in order; `weights` where it is known how they are stored. */
export function passesFor(backend: Backend, hardware: HardwareConfig, weights: WeightSource | null = null): Pass[] {
  const {
    deviceType,
    optimizeForInference,
    useFusedKernels,
    tensorParallelSize = 1,
    pipelineParallelSize = 1,
  } = hardware;
  const wanted = precisionOf(backend, hardware);
  const cached = hardware.kvCacheDtype ?? wanted?.kv_cache;
  return [
    pass('weight-dtype', (graph) => weightDtype(graph, hardware)),
    ...(wanted === null ? [] : [pass('precision', (graph) => precision(graph, wanted))]),
    ...(cached === undefined ? [] : [pass('cache-dtype', (graph) => cacheDtype(graph, cached))]),
    ...(useFusedKernels === false ? [] : [pass('fuse-norms', fuseNorms)]),
    ...(optimizeForInference === false ? [] : [pass('select-rows-early', selectRowsEarly)]),
    ...(tensorParallelSize === 1
      ? []
      : [
          pass('tensor-parallel', (graph) => {
            checkTensorParallelSize(graph, tensorParallelSize, deviceType);
            return tensorParallel(graph, tensorParallelSize);
          }),
        ]),
    ...(useFusedKernels === true && backend.fusesProjections === true
      ? [pass('fuse-projections', (graph) => fuseProjections(graph, (names) => areStoredAlike(graph, names, weights)))]
      : []),
    pass('legalize', (graph) => legalize(graph, deviceType, (node, of) => backend.supports(node, of, hardware))),
    ...(pipelineParallelSize === 1
      ? []
      : [
          {
            name: 'pipeline-stages',
            run: (graph: Graph) => pipelineStages(graph, pipelineParallelSize, deviceType),
          },
        ]),
  ];
}

/** Rows of several types would have to be joined as numbers, which take more memory. */
function areStoredAlike({ parameters }: Graph, names: readonly string[], weights: WeightSource | null): boolean {
  const canonical = names.map((name) => parameters[name]?.from ?? name);
  return weights === null || new Set(canonical.map((name) => dtypeOf(weights.describe(name)))).size === 1;
}

function pass(name: string, run: (graph: Graph) => Graph): Pass {
  return { name, run: (graph) => [run(graph)] };
}

/** The stages that passes make of a graph, each checked after each pass. */
export function applyPasses(graph: Graph, passes: readonly Pass[]): Graph[] {
  return passes.reduce((stages, { run }) => stages.flatMap((stage) => run(stage).map(validate)), [graph]);
}

/**
 * The program that a backend is given for a model: its graph after all passes, on as many devices as it is cut over.
 * @throws UnsupportedHardwareError
 */
export function buildProgram(
  spec: ModelSpec,
  backend: Backend,
  hardware: HardwareConfig,
  weights: WeightSource | null = null,
): Program {
  const stages = applyPasses(buildModel(spec), passesFor(backend, hardware, weights));
  return validateProgram({ mesh: [1, hardware.tensorParallelSize ?? 1], stages });
}
