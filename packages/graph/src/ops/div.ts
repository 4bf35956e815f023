import { binaryOp } from './binary.ts';

/** Quotient, elementwise; the second input is broadcast. */
export const div = binaryOp('div', (a, b) => a / b);
