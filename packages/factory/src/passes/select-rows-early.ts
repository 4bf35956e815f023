import { type Dim, type Graph, type Node, opTable, rewrite, type ValueId } from '@tttv2/graph';

/**
 * Selects the rows whose logits are wanted as early as possible: what serves those rows alone (the end of the last
 * layer) is then not computed for every token of a prompt.
 */
export function selectRowsEarly(graph: Graph): Graph {
  const early = servingSelectedRows(graph);
  const hasTokenRows = new Set(graph.nodes.filter(({ type }) => type.shape[0] === 'N').map(({ id }) => id));
  const gathered = new Map<string, ValueId>();
  return rewrite(graph, (node, inputs, builder) => {
    const select = (name: ValueId, renamed: ValueId): ValueId => {
      if (early.has(name) || !hasTokenRows.has(name)) return renamed;
      // Once in a scope: shared by two it would leave the first, beside that scope's own output.
      const key = `${node.scope} ${name}`;
      const rows = gathered.get(key) ?? builder.node('gather_rows', {}, [renamed, 'logitRows']);
      gathered.set(key, rows);
      return rows;
    };
    if (!isSelection(node) && !early.has(node.id)) return builder.node(node.op, node.attrs, inputs);
    const rows = node.inputs.map((name, i) => select(name, inputs[i] ?? ''));
    return isSelection(node) ? (rows[0] ?? '') : builder.node(node.op, node.attrs, rows);
  });
}

function isSelection({ op, inputs }: Node): boolean {
  return op === 'gather_rows' && inputs[1] === 'logitRows';
}

/** Nodes whose rows can be selected before as well as after, and that serve selections and nothing else. */
function servingSelectedRows(graph: Graph): Set<ValueId> {
  const shapeOf = new Map<ValueId, readonly Dim[]>(graph.nodes.map(({ id, type }) => [id, type.shape]));
  const forAllRows = new Set(Object.values(graph.outputs));
  const forSelected = new Set<ValueId>();
  const early = new Set<ValueId>();
  for (const node of graph.nodes.toReversed()) {
    const isEarly = forSelected.has(node.id) && !forAllRows.has(node.id) && isRowByRow(node, shapeOf);
    if (isEarly) early.add(node.id);
    const users = isEarly || isSelection(node) ? forSelected : forAllRows;
    for (const name of node.inputs) users.add(name);
  }
  return early;
}

/** Tokens are the rows of the result and of every input that has them, and nothing else. */
function isRowByRow({ op, inputs, type }: Node, shapeOf: ReadonlyMap<ValueId, readonly Dim[]>): boolean {
  const rank = type.shape.length;
  const isRows = (shape: readonly Dim[]) => shape.length > 1 && shape.length === rank && shape.indexOf('N') === 0;
  const inputsAreRows = inputs.every((name) => {
    const shape = shapeOf.get(name);
    return shape === undefined || !shape.includes('N') || isRows(shape);
  });
  return opTable[op].rowwise === true && isRows(type.shape) && inputsAreRows;
}
