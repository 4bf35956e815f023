import { unaryOp } from './unary.ts';

/** Sine of radians, elementwise. */
export const sin = unaryOp('sin', Math.sin);
