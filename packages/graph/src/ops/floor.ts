import { unaryOp } from './unary.ts';

/** The largest whole number that is not above, elementwise. */
export const floor = unaryOp('floor', Math.floor);
