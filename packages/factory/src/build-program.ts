import { buildModel } from '@tttv2/blocks';
import { type Backend, type Graph, legalize, type Program, validate } from '@tttv2/graph';
import type { HardwareConfig, ModelSpec } from '@tttv2/spec';
import { selectRowsEarly } from './passes/select-rows-early.ts';
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
    ...(hardware.optimizeForInference === false ? [] : [{ name: 'select-rows-early', run: selectRowsEarly }]),
    {
      name: 'legalize',
      run: (graph) => legalize(graph, hardware.deviceType, (node, of) => backend.supports(node, of, hardware)),
    },
  ];
}

/** The program that a backend is given for a model: its graph after all passes, on one device. @throws UnsupportedHardwareError */
export function buildProgram(spec: ModelSpec, backend: Backend, hardware: HardwareConfig): Program {
  const graph = passesFor(backend, hardware).reduce((before, pass) => validate(pass.run(before)), buildModel(spec));
  return { mesh: [1, 1], stages: [graph] };
}
