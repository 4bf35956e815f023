import {
  type Dim,
  type Graph,
  isCollective,
  type LocalOpName,
  type Node,
  type NodeOf,
  type ValueId,
} from '@tttv2/graph';
import { type Cut, cutRules, type Form, type Operand, type Way } from './cut-rules.ts';

/** How each node of a graph is computed on `devices` devices. */
export interface CutPlan {
  ways: ReadonlyMap<ValueId, Way>;
  /** Values that come about in parts and are needed whole: they are gathered where they come about, once for all. */
  gathered: ReadonlySet<ValueId>;
}

/**
 * Cuts everything that can be cut, parameters first of all; a value that one of its users needs whole is whole for all.
 * To gather one value may leave others without a way in parts, so planning begins anew until nothing changes.
 */
export function planCuts(graph: Graph, devices: number): CutPlan {
  const gathered = new Set<ValueId>([...Object.values(graph.outputs), ...lookedUp(graph)]);
  while (true) {
    const before = gathered.size;
    const ways = planOnce(graph, devices, gathered);
    if (gathered.size === before) return { ways, gathered };
  }
}

/**
 * Rows of a table come about in parts so that each device need hold some columns of it alone. They are gathered at once:
 * in parts they would make sums of the first products, and leave nothing of attention to be cut.
 */
function lookedUp({ nodes, parameters }: Graph): ValueId[] {
  const isLookUp = ({ op, inputs: [table = ''] }: Node) => op === 'gather_rows' && Object.hasOwn(parameters, table);
  return nodes.filter(isLookUp).map(({ id }) => id);
}

/** Adds to `gathered` the values that turn out to be needed whole. */
function planOnce(graph: Graph, devices: number, gathered: Set<ValueId>): Map<ValueId, Way> {
  const shapes = new Map<ValueId, readonly Dim[]>(graph.nodes.map(({ id, type }) => [id, type.shape]));
  const ways = new Map<ValueId, Way>();
  const operandOf = (name: ValueId): Operand => {
    const parameter = graph.parameters[name];
    if (parameter !== undefined) return { shape: parameter.shape, cut: null, isParameter: true };
    const cut = gathered.has(name) ? null : (ways.get(name)?.result ?? null);
    return { shape: shapes.get(name) ?? [], cut, isParameter: false };
  };
  for (const node of graph.nodes) {
    if (isCollective(node)) throw new TypeError(`${node.op} at ${node.scope}: the graph is one of several devices`);
    const operands = node.inputs.map(operandOf);
    const way = wayOf(node.op, node, operands, devices);
    ways.set(node.id, way);
    node.inputs.forEach((name, i) => {
      if (operands[i]?.cut !== null && way.inputs[i] === null) gathered.add(name);
    });
    if (isPadded(node.type.shape, way.result, devices)) gathered.add(node.id);
  }
  return ways;
}

/** What the op's rule suggests, when it can be followed; else every device computes all of it. */
function wayOf<Name extends LocalOpName>(
  op: Name,
  node: NodeOf<Name>,
  operands: readonly Operand[],
  devices: number,
): Way {
  const suggested = cutRules[op](node, operands, devices);
  const isPossible =
    suggested !== null &&
    operands.every((operand, i) => canBe(operand, suggested.inputs[i] ?? null, devices)) &&
    canBeGathered(node.type.shape, suggested.result);
  return isPossible ? suggested : { inputs: operands.map(() => null), result: null };
}

function canBe({ shape, cut, isParameter }: Operand, wanted: Form, devices: number): boolean {
  if (wanted === 'share') return isParameter;
  return isParameter && wanted !== null ? canBeCut(shape, wanted, devices) : wanted === cut;
}

/** Along any axis parts are even; rows may be filled up, as long as each device has one. */
function canBeCut(shape: readonly Dim[], axis: number, devices: number): boolean {
  const size = shape[axis];
  if (typeof size !== 'number') return false;
  return size % devices === 0 || (axis === 0 && Math.ceil(size / devices) * (devices - 1) < size);
}

/** Parts are joined along what follows the cut, which must be of fixed size. */
function canBeGathered(shape: readonly Dim[], cut: Cut): boolean {
  return cut === null || shape.slice(cut).every((dim) => typeof dim === 'number');
}

/** Nothing but gathering and dropping them knows of the zeros that fill up the last part. */
function isPadded(shape: readonly Dim[], cut: Cut, devices: number): boolean {
  return cut !== null && Number(shape[cut]) % devices !== 0;
}
