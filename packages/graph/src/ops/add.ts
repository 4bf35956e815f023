import { binaryOp } from './binary.ts';

export const add = binaryOp('add', (a, b) => a + b);
