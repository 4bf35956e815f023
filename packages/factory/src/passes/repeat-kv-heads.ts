import {
  type Dim,
  type Graph,
  type Node,
  type NodeOf,
  type Parameter,
  type Repeat,
  rewrite,
  type ValueId,
} from '@tttv2/graph';

/** What changes where KV heads are repeated: by the names of nodes, parameters and states. */
interface Plan {
  /** Nodes that lay rows out as heads, and how often each is there. */
  reshapes: Map<ValueId, number>;
  parameters: Map<string, Repeat>;
  /** How often each head of a cache is there. */
  caches: Map<string, number>;
}

/**
 * Repeats KV heads until there is one for each device, where there are fewer of them and each would serve the heads of
 * several: the query heads that read one are then divided among its copies. It is done in the weights that keys and values
 * are made with. Attention whose keys or values come about otherwise stays as it is.
 */
export function repeatKvHeads(graph: Graph, devices: number): Graph {
  const plan: Plan = { reshapes: new Map(), parameters: new Map(), caches: new Map() };
  const chains = new Chains(graph);
  for (const node of graph.nodes) if (node.op === 'attention') planAttention(node, chains, devices, plan);
  const repeated = { ...graph, parameters: repeatParameters(graph, plan), states: repeatCaches(graph, plan) };
  return rewrite(repeated, (node, inputs, builder) => {
    const times = plan.reshapes.get(node.id);
    if (node.op !== 'reshape' || times === undefined) return builder.node(node.op, node.attrs, inputs);
    const [tokens = 'N', heads, headDim = 1] = node.attrs.shape;
    return builder.node('reshape', { shape: [tokens, Number(heads) * times, headDim] }, inputs);
  });
}

function planAttention(node: NodeOf<'attention'>, chains: Chains, devices: number, plan: Plan): void {
  const [, k = '', v = ''] = node.inputs;
  const [heads, kvHeads] = [node.type.shape[1], chains.shapeOf(k)[1]].map(Number);
  if (heads === undefined || kvHeads === undefined || kvHeads >= devices) return;
  if (devices % kvHeads !== 0 || heads % devices !== 0) return;
  const times = devices / kvHeads;
  const [keys, values] = [chains.behind(k), chains.behind(v)];
  if (keys === null || values === null) return;
  for (const { reshape, blocks } of [keys, values]) {
    plan.reshapes.set(reshape, times);
    for (const [name, block] of blocks) plan.parameters.set(name, { block, times });
  }
  plan.caches.set(node.attrs.state, times);
}

/** How heads come about that are made by one product: the node that lays them out, and the weights by head. */
interface Chain {
  reshape: ValueId;
  /** Rows of a head, in each parameter. */
  blocks: Map<string, number>;
}

/** What stands behind the values of a graph. */
class Chains {
  readonly #graph: Graph;
  readonly #nodes: ReadonlyMap<ValueId, Node>;
  readonly #uses = new Map<string, number>();

  constructor(graph: Graph) {
    this.#graph = graph;
    this.#nodes = new Map(graph.nodes.map((node) => [node.id, node]));
    const used = [...graph.nodes.flatMap(({ inputs }) => inputs), ...Object.values(graph.outputs)];
    for (const name of used) this.#uses.set(name, (this.#uses.get(name) ?? 0) + 1);
  }

  shapeOf(value: ValueId): readonly Dim[] {
    return this.#nodes.get(value)?.type.shape ?? [];
  }

  /** Follows heads `[N, K, h]` back to the product that makes them; null where something else has a part in it. */
  behind(value: ValueId): Chain | null {
    const node = this.#own(value);
    const [x = '', weight = ''] = node?.inputs ?? [];
    switch (node?.op) {
      case 'rotary':
      case 'rms_norm':
      case 'layer_norm':
      case 'affine':
        return this.behind(x);
      case 'mul': {
        const [kvHeads, headDim] = node.type.shape.slice(1);
        const isByHead = this.#ownParameter(weight)?.shape.join() === `${kvHeads},${headDim}`;
        const chain = isByHead ? this.behind(x) : null;
        return chain && { ...chain, blocks: chain.blocks.set(weight, 1) };
      }
      case 'reshape': {
        const blocks = this.#product(x, Number(node.type.shape[2]));
        return blocks && { reshape: node.id, blocks };
      }
      default:
        return null;
    }
  }

  /** The weights of `[N, K · h]`, with the rows of a head. */
  #product(value: ValueId, headDim: number): Map<string, number> | null {
    const node = this.#own(value);
    if (node?.op === 'clamp') return this.#product(node.inputs[0] ?? '', headDim);
    if (node?.op !== 'linear' && node?.op !== 'matmul') return null;
    const weights = node.inputs.slice(1);
    if (weights.some((name) => this.#ownParameter(name) === null)) return null;
    return new Map(weights.map((name) => [name, headDim]));
  }

  /** A node whose result is read once: another reader would find heads that it does not expect. */
  #own(value: ValueId): Node | null {
    return this.#uses.get(value) === 1 ? (this.#nodes.get(value) ?? null) : null;
  }

  #ownParameter(name: string): Parameter | null {
    return this.#uses.get(name) === 1 ? (this.#graph.parameters[name] ?? null) : null;
  }
}

function repeatParameters({ parameters }: Graph, plan: Plan): Graph['parameters'] {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, parameter]) => {
      const repeat = plan.parameters.get(name);
      const [rows = 0, ...row] = parameter.shape;
      return [name, repeat === undefined ? parameter : { ...parameter, shape: [rows * repeat.times, ...row], repeat }];
    }),
  );
}

function repeatCaches({ states }: Graph, plan: Plan): Graph['states'] {
  return Object.fromEntries(
    Object.entries(states).map(([name, state]) => {
      const times = plan.caches.get(name);
      const isRepeated = times !== undefined && state.kind === 'kv_cache';
      return [name, isRepeated ? { ...state, numKvHeads: state.numKvHeads * times } : state];
    }),
  );
}
