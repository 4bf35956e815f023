import { type Graph, isExpertMatrix, type Node } from '@tttv2/graph';

/** What a parameter is for: rows are looked up in a `table`, a `matrix` is multiplied by, all else is a `vector`. */
export type ParameterRole = 'table' | 'matrix' | 'vector';

/** Every role of each parameter: a tied embedding has two. */
export function parameterRoles({ parameters, nodes }: Graph): Map<string, ReadonlySet<ParameterRole>> {
  const roles = new Map(Object.keys(parameters).map((name) => [name, new Set<ParameterRole>()]));
  for (const node of nodes) for (const [i, name] of node.inputs.entries()) roles.get(name)?.add(roleOf(node, i));
  return roles;
}

function roleOf(node: Node, input: number): ParameterRole {
  const { op } = node;
  if (op === 'gather_rows') return input === 0 ? 'table' : 'vector';
  if (op === 'linear' || op === 'matmul') return input === 1 ? 'matrix' : 'vector';
  if (node.op === 'moe') return isExpertMatrix(node.attrs.gated, input) ? 'matrix' : 'vector';
  return 'vector';
}
