import { unaryOp } from './unary.ts';

/** Square root, elementwise. */
export const sqrt = unaryOp('sqrt', Math.sqrt);
