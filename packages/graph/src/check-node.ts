import type { z } from 'zod';
import type { Node, NodeOf } from './graph.ts';
import { GraphError } from './graph-error.ts';
import { type OpName, opTable } from './ops/index.ts';
import type { ValueType } from './value-type.ts';

/** A node whose attributes and type nobody has looked at. */
export interface UncheckedNode {
  id: string;
  op: OpName;
  attrs: unknown;
  inputs: string[];
  scope: string;
}

/** Checks a node's attributes, infers its type and returns it, typed. @throws GraphError */
export function checkNode(node: UncheckedNode, typeOf: (name: string) => ValueType | undefined): Node {
  return checkNodeOf(node.op, node, typeOf);
}

function checkNodeOf<Name extends OpName>(
  op: Name,
  { id, attrs: raw, inputs, scope }: UncheckedNode,
  typeOf: (name: string) => ValueType | undefined,
): NodeOf<Name> {
  const fail = (message: string, cause?: unknown) => new GraphError({ where: `${id} = ${op}`, scope, message, cause });
  const types = inputs.map((name) => {
    const type = typeOf(name);
    if (type === undefined) throw fail(`input "${name}" is not defined before`);
    return type;
  });
  const parsed = opTable[op].attrs.safeParse(raw);
  if (!parsed.success) throw fail(`attribute ${issueText(parsed.error)}`, parsed.error);
  try {
    return { id, op, attrs: parsed.data, inputs, scope, type: opTable[op].infer(parsed.data, types) };
  } catch (cause) {
    throw fail(cause instanceof Error ? cause.message : String(cause), cause);
  }
}

/** The first thing that a schema found wrong, with its path. */
export function issueText(error: z.ZodError): string {
  const [issue] = error.issues;
  return issue === undefined ? 'is not valid' : `${issue.path.map(String).join('.')}: ${issue.message}`;
}
