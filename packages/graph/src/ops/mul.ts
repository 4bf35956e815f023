import { binaryOp } from './binary.ts';

export const mul = binaryOp('mul', (a, b) => a * b);
