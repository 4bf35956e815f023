import {
  asView,
  describeParameters,
  dtypeOf,
  elementCount,
  type Graph,
  isExpertMatrix,
  type Node,
  type StoredView,
  shapeOf,
  type WeightExpr,
  type WeightFile,
  type WeightSource,
} from '@tttv2/graph';
import { bytesOf, CheckpointError, type Dtype, dtypeForRows, dtypes } from '@tttv2/spec';
import { canConvertTo, type GgmlDtype, isGgmlDtype } from './ggml-type.ts';

/** A parameter, where it lies, and what it is to be. */
export interface Placement {
  name: string;
  shape: number[];
  expr: WeightExpr;
  /** The bytes in a file, when they can be used or converted where they lie. */
  view: NativeView | null;
  target: GgmlDtype;
}

export type NativeView = StoredView & { dtype: GgmlDtype };

/** The type in which each parameter will be stored. */
export function targetDtypes(graph: Graph, source: WeightSource): Map<string, GgmlDtype> {
  return new Map(placementsOf(graph, source).map(({ name, target }) => [name, target]));
}

/** What each parameter is to be: its stored type, except where ggml computes with float32 only, or cannot make that type. */
export function placementsOf(graph: Graph, source: WeightSource): Placement[] {
  const float32Only = parametersUsedAsNumbers(graph);
  return [...describeParameters(graph, source)].map(([name, expr]) => {
    const shape = shapeOf(expr);
    const view = usableView(source, asView(expr));
    const wanted = float32Only.has(name) ? 'float32' : (graph.parameters[name]?.stored ?? dtypeOf(expr));
    const fitting = dtypeForRows(wanted, shape.at(-1) ?? 1);
    const target = isGgmlDtype(fitting) ? fitting : 'float32';
    return { name, shape, expr, view, target: view?.dtype === target || canConvertTo(target) ? target : 'float32' };
  });
}

export function isInPlace({ view, target }: Placement): boolean {
  return view?.dtype === target;
}

export function sizeOf({ target, shape }: Placement): number {
  return bytesOf(target, shape);
}

/** A parameter's rows: the last dimension is one, all others are counted. */
export function rowsOf({ shape }: Placement): { rows: number; width: number } {
  return { rows: elementCount(shape.slice(0, -1)), width: shape.at(-1) ?? 1 };
}

/** Parameters by what is done with them. */
export function usesOfParameters(graph: Graph): { products: Set<string>; others: Set<string> } {
  const products = new Set<string>();
  const others = new Set(Object.values(graph.outputs));
  for (const node of graph.nodes)
    node.inputs.forEach((name, index) => {
      if (multiplies(node, index)) products.add(name);
      else others.add(name);
    });
  return { products, others };
}

/** @throws CheckpointError when a weight names a file that is not there. */
export function fileOf(source: WeightSource, name: string): WeightFile {
  const file = source.files.get(name);
  if (file === undefined)
    throw new CheckpointError({ file: name, message: 'is named by a weight, but is not among the checkpoint’s files' });
  return file;
}

/** True for an input that is a matrix of a product, or the experts'. */
function multiplies(node: Node, index: number): boolean {
  if (node.op === 'moe') return isExpertMatrix(node.attrs.gated, index);
  return (node.op === 'linear' || node.op === 'matmul') && index === 1;
}

/** Matrices of products and tables of rows may be of any type; what is added or multiplied elementwise must be float32. */
function parametersUsedAsNumbers(graph: Graph): Set<string> {
  const used = new Set<string>();
  for (const node of graph.nodes) {
    node.inputs.forEach((name, index) => {
      const rank = graph.parameters[name]?.shape.length;
      const isTable = node.op === 'gather_rows' && index === 0;
      if (rank !== (node.op === 'moe' ? 3 : 2) || !(isTable || multiplies(node, index))) used.add(name);
    });
  }
  for (const value of Object.values(graph.outputs)) used.add(value);
  return used;
}

function isWhole(dtype: Dtype, shape: readonly number[]): boolean {
  return (shape.at(-1) ?? 1) % dtypes[dtype].elements === 0;
}

/** A view that native code can read in place: of a type it knows, on this machine's disk, on an address it can load. */
function usableView(source: WeightSource, view: StoredView | null): NativeView | null {
  if (view === null || !isGgmlDtype(view.dtype) || !isWhole(view.dtype, view.shape)) return null;
  const { path, size } = fileOf(source, view.file);
  const bytes = bytesOf(view.dtype, view.shape);
  if (view.offset + bytes > size) {
    const message = `ends at byte ${size}, but a weight of ${bytes} bytes starts here: was it cut short?`;
    throw new CheckpointError({ file: view.file, offset: view.offset, message });
  }
  if (path === null) return null;
  const alignment = view.dtype === 'float32' ? 4 : 2;
  return view.offset % alignment === 0 ? { ...view, dtype: view.dtype } : null;
}
