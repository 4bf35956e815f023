import type { Graph, Node, StepInput } from './graph.ts';
import { type AttrsOf, type OpName, opTable } from './ops/index.ts';
import type { StateStore } from './state-store.ts';
import type { FloatTensor, IntTensor, Tensor } from './tensor.ts';
import type { StepSizes } from './value-type.ts';

export interface Bindings {
  inputs: Readonly<Partial<Record<StepInput, IntTensor>>>;
  parameter(name: string): FloatTensor;
  state: StateStore;
  sizes: StepSizes;
}

/** The meaning of a graph: every node computed by its op's definition, in order. Returns all values by name. */
export function evaluate(graph: Graph, bindings: Bindings): Map<string, Tensor> {
  const values = new Map<string, Tensor>(Object.entries(bindings.inputs));
  const lookUp = (name: string): Tensor => values.get(name) ?? bindings.parameter(name);
  for (const node of graph.nodes) values.set(node.id, evaluateNode(node, node.inputs.map(lookUp), bindings));
  return values;
}

function evaluateNode(node: Node, inputs: readonly Tensor[], { sizes, state }: Bindings): Tensor {
  return call(node.op, node, inputs, { sizes, state });
}

function call<Name extends OpName>(
  op: Name,
  { attrs }: { attrs: AttrsOf<Name> },
  inputs: readonly Tensor[],
  context: { sizes: StepSizes; state: StateStore },
): Tensor {
  return opTable[op].evaluate(attrs, inputs, context);
}
