import type { Dim, Graph, Node } from '@tttv2/graph';
import { UnsupportedHardwareError } from '@tttv2/spec';

/** Something of a model that is cut over devices, and of which each must have as much. */
interface Share {
  what: string;
  count: number;
  /** Where there are fewer, several devices may have the same. */
  isRepeatable: boolean;
}

/**
 * Refuses to cut a model over devices among which its heads or feed-forward networks do not divide: it would be computed
 * whole on each, and nothing gained.
 * @throws UnsupportedHardwareError that names what does not divide, and the sizes that work.
 */
export function checkTensorParallelSize(graph: Graph, devices: number, device: string): void {
  const shares = sharesOf(graph);
  const uneven = shares.find((share) => !divides(share, devices));
  if (uneven === undefined) return;
  const most = Math.max(...shares.map(({ count }) => count));
  const sizes = Array.from({ length: most }, (_, i) => i + 1).filter(
    (size) => size > 1 && shares.every((share) => divides(share, size)),
  );
  const all = listed(
    shares.map(({ what }) => what),
    'and',
  );
  const allowed = sizes.length === 0 ? 'only 1' : listed(sizes.map(String), 'or');
  throw new UnsupportedHardwareError({
    device,
    field: 'tensorParallelSize',
    message: `${device}: ${uneven.what} cannot be cut over ${devices} devices; ${all} allow ${allowed}`,
  });
}

/** Whether every share of a model divides over so many devices. */
export function dividesOver(graph: Graph, devices: number): boolean {
  return sharesOf(graph).every((share) => divides(share, devices));
}

function divides({ count, isRepeatable }: Share, devices: number): boolean {
  return count % devices === 0 || (isRepeatable && devices % count === 0);
}

/** Each kind once. */
function sharesOf(graph: Graph): Share[] {
  const types = new Map<string, readonly Dim[]>(graph.nodes.map(({ id, type }) => [id, type.shape]));
  const shapeOf = (name: string) => types.get(name) ?? graph.parameters[name]?.shape ?? [];
  const shares = graph.nodes.flatMap((node) => sharesOfNode(node, shapeOf));
  return [...new Map(shares.map((share) => [share.what, share])).values()];
}

function sharesOfNode(node: Node, shapeOf: (name: string) => readonly Dim[]): Share[] {
  if (node.op === 'moe') {
    const width = Number(shapeOf(node.inputs[2] ?? '')[1]);
    return [inner(width)];
  }
  if (node.op === 'attention') {
    const [heads = 0, kvHeads = 0] = node.inputs.map((name) => Number(shapeOf(name)[1]));
    return [
      { what: `${heads} heads`, count: heads, isRepeatable: false },
      { what: `${kvHeads} KV heads`, count: kvHeads, isRepeatable: true },
    ];
  }
  const width = node.type.shape.at(-1);
  // A single number for each token is the gate of a shared expert.
  const isInner = (node.op === 'glu' || node.op === 'activation') && typeof width === 'number' && width > 1;
  return isInner ? [inner(width)] : [];
}

function inner(width: number): Share {
  return { what: `an intermediate size of ${width}`, count: width, isRepeatable: false };
}

/** `a, b and c` */
function listed(items: readonly string[], last: string): string {
  return items.length < 2 ? items.join() : `${items.slice(0, -1).join(', ')} ${last} ${items.at(-1)}`;
}
