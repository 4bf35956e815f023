import type { Dim } from '@tttv2/graph';
import type { LoweringContext, Operand } from './lowering.ts';
import { type Expr, py, type TtDim, type Value } from './python.ts';

/** A shape with ones before it: four dimensions. */
export function plainShape<Size>(shape: readonly Size[]): [Size | 1, Size | 1, Size | 1, Size | 1] {
  const [a = 1, b = 1, c = 1, d = 1] = [...Array.from({ length: 4 - shape.length }, () => 1 as const), ...shape];
  return [a, b, c, d];
}

/** `[N, H, h]` of a prompt lies as `[1, H, N, h]`. */
export function isHeads({ phase }: Pick<LoweringContext, 'phase'>, shape: readonly Dim[]): boolean {
  return phase === 'prefill' && shape.length === 3 && typeof shape[0] === 'string';
}

export function operandOf(value: Value): Operand {
  const { shape, order, memory } = value;
  return { expr: { parts: [value] }, shape, order, memory };
}

/** The operand with its second and third dimension in the order of the graph. */
export function toPlain(operand: Operand): Operand {
  return operand.order === 'plain' ? inDram(operand) : { ...swap(operand), order: 'plain' };
}

/** The operand in the order of another, so that the two can be combined. */
export function inOrderOf(order: Operand['order'], operand: Operand): Operand {
  return operand.order === order ? operand : { ...swap(operand), order };
}

/** Out of the memories of single cores, where few ops can read it. */
export function inDram(operand: Operand): Operand {
  if (operand.memory === 'dram') return operand;
  return { ...operand, expr: py`ttnn.to_memory_config(${operand.expr}, ttnn.DRAM_MEMORY_CONFIG)`, memory: 'dram' };
}

function swap(operand: Operand): Operand {
  const [a, b, c, d] = operand.shape;
  if (b === 1 && c === 1) return operand;
  return { ...operand, expr: py`ttnn.transpose(${operand.expr}, 1, 2)`, shape: [a, c, b, d] };
}

/** A tuple of sizes; symbolic ones are read off `of`, which has them. */
export function sizes(shape: readonly TtDim[], of: Operand): Expr {
  const one = (dim: TtDim): Expr =>
    typeof dim === 'number' ? py`${dim}` : py`${of.expr}.shape[${of.shape.indexOf(dim)}]`;
  const [first, ...rest] = shape.map(one);
  if (first === undefined) throw new Error('a shape has dimensions');
  return py`(${rest.reduce((list, size) => py`${list}, ${size}`, first)})`;
}
