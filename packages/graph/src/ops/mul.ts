import { binaryOp } from './binary.ts';

/** Product, elementwise; the second input is broadcast. */
export const mul = binaryOp('mul', (a, b) => a * b);
