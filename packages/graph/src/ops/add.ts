import { binaryOp } from './binary.ts';

/** Sum, elementwise; the second input is broadcast. */
export const add = binaryOp('add', (a, b) => a + b);
