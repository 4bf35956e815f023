import { unaryOp } from './unary.ts';

export const sqrt = unaryOp('sqrt', Math.sqrt);
