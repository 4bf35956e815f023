import { binaryOp } from './binary.ts';

export const sub = binaryOp('sub', (a, b) => a - b);
