import { unaryOp } from './unary.ts';

/** `e^x`, elementwise. */
export const exp = unaryOp('exp', Math.exp);
