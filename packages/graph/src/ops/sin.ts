import { unaryOp } from './unary.ts';

export const sin = unaryOp('sin', Math.sin);
