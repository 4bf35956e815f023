import { binaryOp } from './binary.ts';

export const div = binaryOp('div', (a, b) => a / b);
