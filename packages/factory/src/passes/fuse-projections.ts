import { type Graph, type Node, type Parameter, type ParameterForm, rewrite, type ValueId } from '@tttv2/graph';

/** Projections of the same values, which one product can make. */
interface Group {
  members: readonly Node[];
  /** Where that product stands. */
  scope: string;
  /** What it multiplies by, and adds. */
  parameters: Readonly<Record<string, Parameter>>;
  /** Where in its rows the result of each member begins. */
  starts: ReadonlyMap<ValueId, number>;
}

/** Whether these parameters, of those of a graph, may become one. */
export type AreAlike = (parameters: readonly string[]) => boolean;

/**
 * Makes of the projections of the same values in one block (queries, keys and values; gates and ups) one product with all
 * their rows, of whose result each is a part. Where `areAlike` says no, or types differ that the graph names, they stay.
 */
export function fuseProjections(graph: Graph, areAlike: AreAlike = () => true): Graph {
  const groups = groupsOf(graph, areAlike);
  const groupOf = new Map(groups.flatMap((group) => group.members.map((node) => [node.id, group] as const)));
  const replaced = new Set(groups.flatMap(({ members }) => members.flatMap(({ inputs }) => inputs.slice(1))));
  const kept = Object.entries(graph.parameters).filter(([name]) => !replaced.has(name));
  const parameters = Object.assign(Object.fromEntries(kept), ...groups.map((group) => group.parameters));
  const products = new Map<Group, ValueId>();
  return rewrite({ ...graph, parameters }, (node, inputs, builder) => {
    const group = groupOf.get(node.id);
    if (group === undefined) return builder.node(node.op, node.attrs, inputs);
    const operands = [inputs[0] ?? '', ...Object.keys(group.parameters)];
    const product = products.get(group) ?? builder.at(group.scope, () => builder.node('linear', {}, operands));
    products.set(group, product);
    return builder.node('slice', { start: group.starts.get(node.id) ?? 0, length: rowsOf(node) }, [product]);
  });
}

function groupsOf(graph: Graph, areAlike: AreAlike): Group[] {
  const uses = new Map<string, number>();
  const read = [...graph.nodes.flatMap(({ inputs }) => inputs), ...Object.values(graph.outputs)];
  for (const name of read) uses.set(name, (uses.get(name) ?? 0) + 1);
  const alike = new Map<string, Node[]>();
  for (const [i, node] of graph.nodes.entries()) {
    const [x = '', ...names] = node.inputs;
    const parameters = names.flatMap((name) => (uses.get(name) === 1 ? (graph.parameters[name] ?? []) : []));
    const isFirst = !graph.nodes[i - 1]?.scope.startsWith(node.scope);
    if (node.op !== 'linear' || parameters.length < names.length || !isFirst) continue;
    const forms = parameters.map(({ stored, sharding, parts }) => [stored, sharding?.meshAxis, sharding?.axis, parts]);
    const key = JSON.stringify([x, blockOf(node.scope), forms]);
    alike.set(key, [...(alike.get(key) ?? []), node]);
  }
  return [...alike.values()].flatMap((members) => {
    const isGroup = members.length > 1 && namesOf(members).every(areAlike);
    return isGroup ? [groupFrom(graph, members)] : [];
  });
}

function groupFrom({ parameters }: Graph, members: readonly Node[]): Group {
  const block = blockOf(members[0]?.scope ?? '');
  const scope = [block, members.map((member) => member.scope.slice(block.length).replace(/^\//, '')).join('+')]
    .filter((part) => part !== '')
    .join('/');
  const roles = ['weight', 'bias'];
  const joined = namesOf(members).map((names, i) => [
    `${scope.replaceAll('/', '.')}.${roles[i]}`,
    join(parameters, names),
  ]);
  const starts = members.map((_, i) => members.slice(0, i).reduce((sum, member) => sum + rowsOf(member), 0));
  return {
    members,
    scope,
    parameters: Object.fromEntries(joined),
    starts: new Map(members.map(({ id }, i) => [id, starts[i] ?? 0])),
  };
}

/** Of each input but the first, the names that members have there. */
function namesOf(members: readonly Node[]): string[][] {
  const [first] = members;
  return (first?.inputs.slice(1) ?? []).map((_, i) => members.flatMap(({ inputs }) => inputs[i + 1] ?? []));
}

function join(parameters: Graph['parameters'], names: readonly string[]): Parameter {
  const found = names.flatMap((name) => {
    const parameter = parameters[name];
    return parameter === undefined ? [] : [{ name, parameter }];
  });
  const parts = found.map(({ name, parameter: { shape, sharding, from, repeat, affine } }) => ({
    ...({ shape, sharding, repeat, affine } satisfies Omit<ParameterForm, 'from'>),
    from: from ?? name,
  }));
  const rows = parts.reduce((sum, { shape }) => sum + (shape[0] ?? 0), 0);
  const [first] = found;
  return {
    shape: [rows, ...(first?.parameter.shape.slice(1) ?? [])],
    stored: first?.parameter.stored ?? null,
    ...{ sharding: null, from: null, repeat: null, affine: null, parts },
  };
}

/** `layers.3/mixer/q` → `layers.3/mixer` */
function blockOf(scope: string): string {
  return scope.slice(0, Math.max(0, scope.lastIndexOf('/')));
}

function rowsOf({ type }: Node): number {
  return Number(type.shape.at(-1));
}
