import { type Graph, type Node, opTable, rewrite, type ValueId } from '@tttv2/graph';

/**
 * Selects the rows whose logits are wanted as early as possible: what serves those rows alone (the end of the last
 * layer) is then not computed for every token of a prompt.
 */
export function selectRowsEarly(graph: Graph): Graph {
  const early = servingSelectedRows(graph);
  const tokenRows = new Set(graph.nodes.filter(({ type }) => type.shape[0] === 'N').map(({ id }) => id));
  const gathered = new Map<ValueId, ValueId>();
  return rewrite(graph, (node, inputs, builder) => {
    const select = (name: ValueId, renamed: ValueId): ValueId => {
      if (early.has(name) || !tokenRows.has(name)) return renamed;
      const rows = gathered.get(name) ?? builder.node('gather_rows', {}, [renamed, 'logitRows']);
      gathered.set(name, rows);
      return rows;
    };
    const [table = '', renamedTable = ''] = [node.inputs[0], inputs[0]];
    if (isSelection(node)) return select(table, renamedTable);
    if (!early.has(node.id)) return builder.node(node.op, node.attrs, inputs);
    return builder.node(
      node.op,
      node.attrs,
      node.inputs.map((name, i) => select(name, inputs[i] ?? '')),
    );
  });
}

function isSelection({ op, inputs }: Node): boolean {
  return op === 'gather_rows' && inputs[1] === 'logitRows';
}

/** Nodes whose rows can be selected before as well as after, and that nothing uses but such nodes and selections. */
function servingSelectedRows(graph: Graph): Set<ValueId> {
  const needed = new Set(Object.values(graph.outputs));
  const early = new Set<ValueId>();
  for (const node of graph.nodes.toReversed()) {
    const isEarly = !needed.has(node.id) && opTable[node.op].rowwise === true && node.type.shape[0] === 'N';
    if (isEarly) early.add(node.id);
    // What a node of all rows uses is needed for all rows.
    if (!isEarly && !isSelection(node)) for (const name of node.inputs) needed.add(name);
  }
  return early;
}
