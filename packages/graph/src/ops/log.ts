import { unaryOp } from './unary.ts';

/** Natural logarithm, elementwise. */
export const log = unaryOp('log', Math.log);
