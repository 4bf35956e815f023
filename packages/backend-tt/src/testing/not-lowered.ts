import { isOpName, type LocalOpName, type OpName, ops } from '@tttv2/graph';
import { lowerings } from '../lower/index.ts';

/** Ops of one device that ttnn has no way for: they are refused by name. */
export const notLowered: readonly LocalOpName[] = Object.keys(ops)
  .filter(isOpName)
  .filter((op): op is LocalOpName => isLocal(op) && lowerings[op] === null);

function isLocal(op: OpName): op is LocalOpName {
  return Object.hasOwn(lowerings, op);
}
