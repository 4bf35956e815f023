import { type Graph, isCollective, type Node, type NodeOf, type StepInput } from './graph.ts';
import { groupsAlong, type Mesh } from './mesh.ts';
import { type AttrsOf, type CollectiveName, collectiveTable, type OpName, opTable } from './ops/index.ts';
import type { StateStore } from './state-store.ts';
import { type FloatTensor, floats, type IntTensor, type Tensor } from './tensor.ts';
import type { StepSizes } from './value-type.ts';

/** What one device brings to a graph. */
export interface Bindings {
  inputs: Readonly<Partial<Record<StepInput, IntTensor>>>;
  /** What earlier stages gave, by name; default nothing. */
  received?: Readonly<Record<string, Tensor>>;
  parameter(name: string): FloatTensor;
  state: StateStore;
  sizes: StepSizes;
}

/** The meaning of a graph on one device: every node computed by its op's definition, in order. Returns all values by name. */
export function evaluate(graph: Graph, bindings: Bindings): Map<string, Tensor> {
  return evaluateLockstep(graph, [1, 1], [bindings])[0] ?? new Map();
}

/**
 * The meaning of a graph on a mesh: every node computed on every device in turn, what a collective makes by each group
 * of devices together. Returns all values by name, for each device.
 */
export function evaluateLockstep(graph: Graph, mesh: Mesh, devices: readonly Bindings[]): Map<string, Tensor>[] {
  const runs = devices.map((bindings) => ({
    bindings,
    values: new Map<string, Tensor>(Object.entries({ ...bindings.inputs, ...bindings.received })),
  }));
  for (const node of graph.nodes) {
    if (isCollective(node)) combine(node, mesh, runs);
    else for (const run of runs) run.values.set(node.id, compute(node, run));
  }
  return runs.map(({ values }) => values);
}

/** A device, and what it has computed so far. */
interface Run {
  bindings: Bindings;
  values: Map<string, Tensor>;
}

function inputsOf({ inputs }: Node, { bindings, values }: Run): Tensor[] {
  return inputs.map((name) => values.get(name) ?? bindings.parameter(name));
}

function compute(node: Node, run: Run): Tensor {
  return call(node.op, node, inputsOf(node, run), run.bindings);
}

function call<Name extends OpName>(
  op: Name,
  { attrs }: { attrs: AttrsOf<Name> },
  inputs: readonly Tensor[],
  { sizes, state }: Bindings,
): Tensor {
  return opTable[op].evaluate(attrs, inputs, { sizes, state });
}

function combine(node: NodeOf<CollectiveName>, mesh: Mesh, runs: readonly Run[]): void {
  for (const devices of groupsAlong(mesh, node.attrs.meshAxis)) {
    const group = devices.flatMap((device) => runs[device] ?? []);
    const result = callCollective(
      node.op,
      node,
      group.map((run) => floats(inputsOf(node, run)[0])),
    );
    for (const { values } of group) values.set(node.id, result);
  }
}

function callCollective<Name extends CollectiveName>(
  op: Name,
  { attrs }: { attrs: AttrsOf<Name> },
  parts: readonly FloatTensor[],
): Tensor {
  return collectiveTable[op].combine(attrs, parts);
}
