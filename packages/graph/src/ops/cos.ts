import { unaryOp } from './unary.ts';

/** Cosine of radians, elementwise. */
export const cos = unaryOp('cos', Math.cos);
