import { binaryOp } from './binary.ts';

/** Difference, elementwise; the second input is broadcast. */
export const sub = binaryOp('sub', (a, b) => a - b);
