import { buildModel } from '@tttv2/blocks';
import { type Backend, type Graph, legalize, type Program, validate, validateProgram } from '@tttv2/graph';
import type { HardwareConfig, ModelSpec } from '@tttv2/spec';
import { checkTensorParallelSize } from './passes/check-tensor-parallel-size.ts';
import { precision, precisionOf } from './passes/precision.ts';
import { selectRowsEarly } from './passes/select-rows-early.ts';
import { tensorParallel } from './passes/tensor-parallel.ts';
import { weightDtype } from './passes/weight-dtype.ts';

/** A named step from graph to graph. */
export interface Pass {
  name: string;
  run(graph: Graph): Graph;
}

/** What happens to a graph between the blocks and a backend, in order. */
export function passesFor(backend: Backend, hardware: HardwareConfig): Pass[] {
  return [
    { name: 'weight-dtype', run: (graph) => weightDtype(graph, hardware) },
    ...precisionPass(backend, hardware),
    ...(hardware.optimizeForInference === false ? [] : [{ name: 'select-rows-early', run: selectRowsEarly }]),
    ...tensorParallelPass(hardware),
    {
      name: 'legalize',
      run: (graph) => legalize(graph, hardware.deviceType, (node, of) => backend.supports(node, of, hardware)),
    },
  ];
}

function precisionPass(backend: Backend, hardware: HardwareConfig): Pass[] {
  const wanted = precisionOf(backend, hardware);
  return wanted === null ? [] : [{ name: 'precision', run: (graph) => precision(graph, wanted, hardware) }];
}

function tensorParallelPass({ tensorParallelSize: devices = 1, deviceType }: HardwareConfig): Pass[] {
  const run = (graph: Graph) => {
    checkTensorParallelSize(graph, devices, deviceType);
    return tensorParallel(graph, devices);
  };
  return devices === 1 ? [] : [{ name: 'tensor-parallel', run }];
}

/**
 * The program that a backend is given for a model: its graph after all passes, on as many devices as it is cut over.
 * @throws UnsupportedHardwareError
 */
export function buildProgram(spec: ModelSpec, backend: Backend, hardware: HardwareConfig): Program {
  const graph = passesFor(backend, hardware).reduce((before, pass) => validate(pass.run(before)), buildModel(spec));
  return validateProgram({ mesh: [1, hardware.tensorParallelSize ?? 1], stages: [graph] });
}
