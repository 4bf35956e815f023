import { type Graph, type Node, type NodeOf, type Parameter, rewrite } from '@tttv2/graph';

/**
 * Makes `scale · weight + offset` of a norm (Gemma's `1 + weight`) part of the weight itself, where nothing else reads it:
 * it is then computed once, when the weight is placed, and not in every step.
 */
export function fuseNorms(graph: Graph): Graph {
  const fusible = affineWeights(graph);
  const fused = new Set(fusible.map(({ id }) => id));
  const affineOf = new Map(fusible.map(({ inputs: [weight = ''], attrs }) => [weight, attrs]));
  const parameters = Object.fromEntries(
    Object.entries(graph.parameters).map(([name, parameter]): [string, Parameter] => [
      name,
      { ...parameter, affine: affineOf.get(name) ?? parameter.affine },
    ]),
  );
  return rewrite({ ...graph, parameters }, (node, inputs, builder) =>
    fused.has(node.id) ? (inputs[0] ?? '') : builder.node(node.op, node.attrs, inputs),
  );
}

/** The affine nodes between a weight that is read there alone, and norms. */
function affineWeights({ nodes, parameters, outputs }: Graph): NodeOf<'affine'>[] {
  const readers = new Map<string, Node[]>();
  for (const node of nodes) for (const name of node.inputs) readers.set(name, [...(readers.get(name) ?? []), node]);
  const outside = new Set(Object.values(outputs));
  const isOfNorms = (id: string) => (readers.get(id) ?? []).every((node) => isNormBy(node, id)) && !outside.has(id);
  return nodes.filter((node): node is NodeOf<'affine'> => {
    const [weight = ''] = node.inputs;
    const parameter = parameters[weight];
    const isOwn = readers.get(weight)?.length === 1 && !outside.has(weight) && parameter?.affine === null;
    return node.op === 'affine' && isOwn && isOfNorms(node.id);
  });
}

function isNormBy({ op, inputs }: Node, weight: string): boolean {
  return (op === 'rms_norm' || op === 'layer_norm') && inputs.indexOf(weight) === 1;
}
