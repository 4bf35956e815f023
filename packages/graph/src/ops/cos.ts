import { unaryOp } from './unary.ts';

export const cos = unaryOp('cos', Math.cos);
