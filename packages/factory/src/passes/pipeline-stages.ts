import { elementCount, type Graph, GraphBuilder, type Node, stateOf, type ValueId } from '@tttv2/graph';
import { type Block, balanceStages } from './balance-stages.ts';

/**
 * Cuts a graph into stages that run one after the other, each with its own parameters and states and as evenly large as
 * can be. A stage begins with a layer (by structure: an outermost scope with a state of its own) that does not go by what an
 * earlier one selected, and receives what earlier
 * ones computed and it reads. A parameter that two stages read is held by both.
 * @throws UnsupportedHardwareError when there are fewer layers.
 */
export function pipelineStages(graph: Graph, count: number, device: string): Graph[] {
  const blocks = blocksOf(graph);
  const sizes = blocks.map((nodes) => sizesOf(graph, nodes));
  const starts = balanceStages(sizes, count, device);
  const stages = starts.map((start, i) => blocks.slice(start, starts[i + 1]).flat());
  return stages.map((nodes, i) => stageOf(graph, nodes, stages.slice(0, i).flat(), stages.slice(i + 1).flat()));
}

/** The nodes of each layer, with those before the first, and with those after it up to the next. */
function blocksOf({ nodes }: Graph): Node[][] {
  const layers = new Set(nodes.filter((node) => stateOf(node) !== null).map(outermost));
  const continued = continuedLayers(nodes);
  const starts = new Set([...layers].slice(1).filter((layer) => !continued.has(layer)));
  const blocks: Node[][] = [[]];
  for (const node of nodes) {
    if (starts.delete(outermost(node))) blocks.push([]);
    blocks.at(-1)?.push(node);
  }
  return blocks;
}

/** Layers that read what an earlier one selected: only numbers go from stage to stage. */
function continuedLayers(nodes: readonly Node[]): Set<string> {
  const selections = new Map(
    nodes.flatMap((node) => (node.type.dtype === 'int32' ? [[node.id, outermost(node)]] : [])),
  );
  const readsAnother = (node: Node) =>
    node.inputs.some((name) => selections.has(name) && selections.get(name) !== outermost(node));
  return new Set(nodes.filter(readsAnother).map(outermost));
}

/** `layers.3/mixer/q` → `layers.3` */
function outermost({ scope }: Node): string {
  return scope.split('/')[0] ?? '';
}

function sizesOf({ parameters }: Graph, nodes: readonly Node[]): Block {
  const names = nodes.flatMap(({ inputs }) => inputs);
  return new Map(
    names.flatMap((name) => {
      const parameter = parameters[name];
      return parameter === undefined ? [] : [[name, elementCount(parameter.shape)]];
    }),
  );
}

/** What computes some nodes of a graph, given those before them; those after them say what it is to hand over. */
function stageOf(graph: Graph, nodes: readonly Node[], before: readonly Node[], after: readonly Node[]): Graph {
  const idsOf = (some: readonly Node[]) => new Set(some.map(({ id }) => id));
  const [own, earlier] = [idsOf(nodes), idsOf(before)];
  // What no node computes, a parameter, comes out of the last stage.
  const isOwn = (value: ValueId) => own.has(value) || (after.length === 0 && !earlier.has(value));
  const outputs = Object.entries(graph.outputs).filter(([, value]) => isOwn(value));
  const read = new Set([...nodes.flatMap(({ inputs }) => inputs), ...outputs.map(([, value]) => value)]);
  const states = new Set(nodes.map((node) => stateOf(node)));
  const builder = new GraphBuilder(graph.name, graph);
  for (const name of graph.inputs) if (read.has(name)) builder.input(name);
  const names = new Map<ValueId, ValueId>();
  for (const node of before) if (read.has(node.id)) names.set(node.id, builder.receive(handedOver(node), node.type));
  for (const [name, parameter] of Object.entries(graph.parameters))
    if (read.has(name)) builder.parameter(name, parameter.shape, parameter.stored, parameter);
  for (const [name, state] of Object.entries(graph.states)) if (states.has(name)) builder.state(name, state);
  const rename = (name: ValueId) => names.get(name) ?? name;
  for (const { id, op, attrs, inputs, scope } of nodes)
    names.set(
      id,
      builder.at(scope, () => builder.node(op, attrs, inputs.map(rename))),
    );
  const wanted = new Set(after.flatMap(({ inputs }) => inputs));
  const given = nodes.filter(({ id }) => wanted.has(id)).map((node) => [handedOver(node), node.id] as const);
  return builder.build(Object.fromEntries([...given, ...outputs].map(([name, value]) => [name, rename(value)])));
}

/** The name that a value has between stages. Of what leaves a scope there is one; what lies in none is called by its id. */
function handedOver(node: Node): string {
  return outermost(node) || `value ${node.id}`;
}
