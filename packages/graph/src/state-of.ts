import { type AttrsOf, type OpName, opTable } from './ops/index.ts';

/** Name of the state that a node reads and writes; null for an op without. */
export function stateOf<Name extends OpName>({ op, attrs }: { op: Name; attrs: AttrsOf<Name> }): string | null {
  return opTable[op].stateOf?.(attrs) ?? null;
}
