import { at, type Lowered, type LoweringContext } from '../lowering.ts';
import type { Pointer } from '../pointer.ts';

/** An op that is one native call of one tensor. */
export function unary(name: 'sqrt' | 'sin' | 'cos' | 'exp' | 'floor' | 'log' | 'mean') {
  return ({ g, arena }: LoweringContext, _node: unknown, inputs: readonly Lowered[]): Pointer =>
    g[name](arena, at(inputs, 0).tensor);
}

/** An op that is one native call of two tensors; ggml broadcasts the second. */
export function binary(name: 'add' | 'sub' | 'mul' | 'div') {
  return ({ g, arena }: LoweringContext, _node: unknown, inputs: readonly Lowered[]): Pointer =>
    g[name](arena, at(inputs, 0).tensor, at(inputs, 1).tensor);
}
