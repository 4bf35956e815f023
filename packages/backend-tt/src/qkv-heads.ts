import type { LocalGraph, Node, NodeOf } from '@tttv2/graph';
import { maxUsers, tile } from './phase.ts';

/** Projections to q, k and v of one attention that ttnn can do as one product, and cut into heads in one call. */
export interface QkvHeads {
  /** What is projected. */
  x: string;
  /** Of q, k and v, in this order. */
  weights: readonly string[];
  /** Of q, k and v, or none. */
  biases: readonly string[];
  /** The nodes whose values are the heads `[N, H, h]`. */
  heads: readonly string[];
  /** All nodes that the one call stands for. */
  nodes: readonly string[];
  numHeads: number;
  numKvHeads: number;
  headDim: number;
  /** The innermost scope that holds all of it. */
  scope: string;
}

/** All of them in a graph, by the name of their first node. */
export function findQkvHeads(graph: LocalGraph): Map<string, QkvHeads> {
  const nodes = new Map(graph.nodes.map((node) => [node.id, node]));
  const found = graph.nodes
    .filter((node): node is NodeOf<'attention'> => node.op === 'attention')
    .map((node) => qkvOf(node, nodes, graph))
    .filter((heads) => heads !== null);
  return new Map(found.map((heads) => [firstOf(graph, heads), heads]));
}

interface Projection {
  linear: NodeOf<'linear'>;
  reshape: NodeOf<'reshape'>;
}

function qkvOf({ inputs }: Node, nodes: ReadonlyMap<string, Node>, graph: LocalGraph): QkvHeads | null {
  const projections = inputs.slice(0, 3).map((name) => projectionOf(name, nodes, graph));
  const [q, k, v] = projections;
  if (!q || !k || !v) return null;
  const all = [q, k, v];
  const [, numHeads, headDim] = q.reshape.type.shape.map(Number);
  const [, numKvHeads] = k.reshape.type.shape.map(Number);
  if (numHeads === undefined || numKvHeads === undefined || headDim === undefined) return null;
  const weights = all.map(({ linear }) => linear.inputs[1] ?? '');
  const biases = all.map(({ linear }) => linear.inputs[2]).filter((bias) => bias !== undefined);
  const storedAs = new Set(weights.map((name) => graph.parameters[name]?.stored));
  const x = q.linear.inputs[0] ?? '';
  const isOneProduct = all.every(({ linear }) => linear.inputs[0] === x) && storedAs.size === 1;
  const fits = numHeads <= maxUsers && headDim % tile === 0;
  if (!isOneProduct || !fits || (biases.length !== 0 && biases.length !== 3)) return null;
  return {
    x,
    weights,
    biases,
    heads: all.map(({ reshape }) => reshape.id),
    nodes: all.flatMap(({ linear, reshape }) => [linear.id, reshape.id]),
    numHeads,
    numKvHeads,
    headDim,
    scope: commonScope(all.map(({ linear }) => linear.scope)),
  };
}

/** The projection that heads come from, through ops that take each head by itself. */
function projectionOf(name: string, nodes: ReadonlyMap<string, Node>, graph: LocalGraph): Projection | null {
  const node = nodes.get(name);
  if (node === undefined) return null;
  if (node.op === 'rotary' || node.op === 'rms_norm' || node.op === 'layer_norm')
    return projectionOf(node.inputs[0] ?? '', nodes, graph);
  const linear = nodes.get(node.inputs[0] ?? '');
  if (node.op !== 'reshape' || linear?.op !== 'linear' || usesOf(linear.id, graph) !== 1) return null;
  const areRows = linear.type.shape.length === 2;
  const areHeads = node.type.shape.length === 3 && node.type.shape[0] === 'N';
  const isOfParameters = linear.inputs.slice(1).every((input) => Object.hasOwn(graph.parameters, input));
  return areRows && areHeads && isOfParameters ? { linear, reshape: node } : null;
}

function usesOf(name: string, { nodes, outputs }: LocalGraph): number {
  const uses = nodes.flatMap(({ inputs }) => inputs).concat(Object.values(outputs));
  return uses.filter((input) => input === name).length;
}

function firstOf(graph: LocalGraph, { nodes }: QkvHeads): string {
  return graph.nodes.find(({ id }) => nodes.includes(id))?.id ?? '';
}

function commonScope(scopes: readonly string[]): string {
  const [first = '', ...others] = scopes.map((scope) => scope.split('/'));
  const isCommon = (depth: number) => others.every((parts) => parts[depth] === first[depth]);
  const end = [...first].findIndex((_, depth) => !isCommon(depth));
  return (end < 0 ? [...first] : [...first].slice(0, end)).join('/');
}
