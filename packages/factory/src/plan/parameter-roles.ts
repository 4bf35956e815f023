import type { Graph, Node } from '@tttv2/graph';

/** What a parameter is for: rows are looked up in a `table`, a `matrix` is multiplied by, all else is a `vector`. */
export type ParameterRole = 'table' | 'matrix' | 'vector';

/** Every role of each parameter: a tied embedding has two. */
export function parameterRoles({ parameters, nodes }: Graph): Map<string, ReadonlySet<ParameterRole>> {
  const roles = new Map(Object.keys(parameters).map((name) => [name, new Set<ParameterRole>()]));
  for (const node of nodes) for (const [i, name] of node.inputs.entries()) roles.get(name)?.add(roleOf(node, i));
  return roles;
}

function roleOf({ op }: Node, input: number): ParameterRole {
  if (op === 'gather_rows') return input === 0 ? 'table' : 'vector';
  if (op === 'linear' || op === 'matmul') return input === 1 ? 'matrix' : 'vector';
  // After x and the router's logits come the gates, the ups and the downs of all experts; then biases.
  if (op === 'moe') return input >= 2 && input <= 4 ? 'matrix' : 'vector';
  return 'vector';
}
