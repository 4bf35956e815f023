import { dtypeSchema } from '@tttv2/spec';
import { z } from 'zod';
import { checkNode, issueText } from './check-node.ts';
import {
  type Graph,
  type GraphState,
  type Node,
  type Parameter,
  type ParameterForm,
  stepInputs,
  stepInputType,
} from './graph.ts';
import { GraphError } from './graph-error.ts';
import { type AttrsOf, isOpName, type OpName, opset, opTable } from './ops/index.ts';
import { checkScopes } from './scopes.ts';
import { type Sharding, shardingSchema, wholeShape } from './sharding.ts';
import type { StateNeed } from './state-need.ts';
import { stateOf } from './state-of.ts';
import { sameShape, showType, type ValueType, valueTypeSchema } from './value-type.ts';

const size = z.number().int().positive();
/** More elements than this in one value of one token are a mistake, and would overflow native sizes. */
const maxElements = 2 ** 31;

const rawForm = {
  shape: z.array(size).min(1).max(4),
  // Graphs of opset 1 know one device.
  sharding: shardingSchema.nullable().default(null),
  repeat: z.strictObject({ block: size, times: size }).nullable().default(null),
  affine: z.strictObject({ scale: z.number(), offset: z.number() }).nullable().default(null),
};
const from = z.string().min(1);

const rawParameter = z
  .strictObject({
    ...rawForm,
    stored: dtypeSchema.nullable(),
    from: from.nullable().default(null),
    parts: z
      .array(z.strictObject({ ...rawForm, from }).superRefine(checkForm))
      .min(1)
      .nullable()
      .default(null),
  })
  .superRefine(checkForm)
  .refine(isJoined, 'does not consist of the rows of its parts');

const rawCache = z
  .strictObject({
    kind: z.literal('kv_cache'),
    numKvHeads: size,
    headDim: size,
    // Caches of graphs of older opsets have them.
    hasValues: z.boolean().default(true),
    stored: dtypeSchema.nullable(),
    sharding: shardingSchema.nullable().default(null),
  })
  .refine(
    ({ numKvHeads, sharding }) => sharding === null || (sharding.axis === 1 && numKvHeads <= sharding.size),
    'is cut otherwise than by KV heads (axis 1)',
  );

const rawRecurrent = z.strictObject({ kind: z.literal('recurrent'), shape: z.array(size).min(1).max(4) });

const rawNode = z.strictObject({
  id: z.string().min(1),
  op: z.string().refine(isOpName, { error: ({ input }) => `"${input}" is not an op of opset ${opset}` }),
  attrs: z.unknown(),
  inputs: z.array(z.string()),
  scope: z.string(),
  type: valueTypeSchema,
});

const rawGraph = z.strictObject({
  opset: z
    .number()
    .int()
    .positive()
    .max(opset, `is newer than opset ${opset}, which this version knows: update @tttv2/graph`),
  name: z.string(),
  // Graphs of opsets below 4 know one.
  positionAxes: z.union([z.literal(1), z.literal(3)]).default(1),
  inputs: z.array(z.enum(stepInputs)),
  // Graphs of the first opsets are programs of one stage.
  received: z.record(z.string(), valueTypeSchema).default({}),
  parameters: z.record(z.string(), rawParameter),
  states: z.record(z.string(), z.discriminatedUnion('kind', [rawCache, rawRecurrent])),
  nodes: z.array(rawNode),
  outputs: z.record(z.string(), z.string()),
});

/**
 * Checks that data is a graph: every name known before it is used, every type as inferred, every state used by one op
 * of its shape, scopes contiguous with one output. Returns it, typed. @throws GraphError
 */
export function validate(data: unknown): Graph {
  const parsed = rawGraph.safeParse(data);
  if (!parsed.success) throw new GraphError({ where: 'graph', message: issueText(parsed.error), cause: parsed.error });
  const { nodes: rawNodes, ...rest } = parsed.data;
  const types = new Map<string, ValueType>();
  const define = (name: string, type: ValueType) => {
    if (types.has(name)) throw new GraphError({ where: name, message: 'is defined twice' });
    if (countOf(type) > maxElements)
      throw new GraphError({ where: name, message: `${showType(type)} has more than ${maxElements} elements` });
    types.set(name, type);
  };
  for (const name of rest.inputs) define(name, stepInputType(name, rest));
  for (const [name, type] of Object.entries(rest.received)) define(name, type);
  for (const [name, { shape }] of Object.entries(rest.parameters)) define(name, { dtype: 'float32', shape });
  const nodes = rawNodes.map((raw) => {
    const node = withType(raw, types);
    define(node.id, node.type);
    return node;
  });
  for (const [name, value] of Object.entries(rest.outputs)) checkOutput(name, value, types);
  const graph: Graph = { ...rest, nodes };
  checkStates(graph, types);
  checkScopes(graph);
  return graph;
}

/** The node with its attributes typed; the type that it declares must be the one that it computes. */
function withType(raw: z.infer<typeof rawNode>, types: ReadonlyMap<string, ValueType>): Node {
  const node = checkNode(raw, (name) => types.get(name));
  if (node.type.dtype !== raw.type.dtype || !sameShape(node.type.shape, raw.type.shape)) {
    const message = `is declared ${showType(raw.type)}, but computes ${showType(node.type)}`;
    throw new GraphError({ where: `${raw.id} = ${raw.op}`, scope: raw.scope, message });
  }
  return node;
}

function checkOutput(name: string, value: string, types: ReadonlyMap<string, ValueType>): void {
  const type = types.get(value);
  if (type === undefined) throw new GraphError({ where: `output ${name}`, message: `"${value}" is not defined` });
  if (type.dtype !== 'float32')
    throw new GraphError({ where: `output ${name}`, message: `must be float32, found ${showType(type)}` });
}

/** A state belongs to the one op that writes it. */
function checkStates(graph: Graph, types: ReadonlyMap<string, ValueType>): void {
  const users = new Map<string, Node>();
  for (const node of graph.nodes) {
    const use = stateUse(node.op, node, types);
    if (use === null) continue;
    const { name, need } = use;
    const fail = (message: string) =>
      new GraphError({ where: `${node.id} = ${node.op}`, scope: node.scope, message: `state "${name}" ${message}` });
    const state = Object.hasOwn(graph.states, name) ? graph.states[name] : undefined;
    if (state === undefined) throw fail('is not declared');
    if (users.has(name)) throw fail(`is used by ${users.get(name)?.id} already`);
    users.set(name, node);
    if (showNeed(state) !== showNeed(need)) throw fail(`is ${showNeed(state)}, but the op needs ${showNeed(need)}`);
  }
  for (const name of Object.keys(graph.states)) {
    if (!users.has(name)) throw new GraphError({ where: `state ${name}`, message: 'is declared, but no op uses it' });
  }
}

/** The state that a node reads and writes, and what it must be; null for an op without. */
function stateUse<Name extends OpName>(
  op: Name,
  { attrs, inputs }: { attrs: AttrsOf<Name>; inputs: readonly string[] },
  types: ReadonlyMap<string, ValueType>,
): { name: string; need: StateNeed } | null {
  const name = stateOf({ op, attrs });
  const { stateNeeded } = opTable[op];
  if (name === null || stateNeeded === undefined) return null;
  return { name, need: stateNeeded(inputs.flatMap((input) => types.get(input) ?? [])) };
}

function showNeed(state: StateNeed | GraphState): string {
  return state.kind === 'kv_cache'
    ? `a ${state.hasValues ? 'KV' : 'key'} cache for [N, ${state.numKvHeads}, ${state.headDim}]`
    : `recurrent [${state.shape.join(', ')}]`;
}

type RawForm = Omit<ParameterForm, 'from'>;

function checkForm({ shape, sharding, repeat }: RawForm, context: z.RefinementCtx<RawForm>): void {
  const fail = (message: string) => context.addIssue({ code: 'custom', message });
  if (!isPart(shape, sharding)) fail('is no part of what its sharding says');
  const [rows = 0] = wholeShape(shape, sharding);
  if (repeat !== null && rows % (repeat.block * repeat.times) !== 0) fail('does not consist of repeated blocks');
}

function isJoined({ shape, sharding, parts }: Pick<Parameter, 'shape' | 'sharding' | 'parts'>): boolean {
  if (parts === null) return true;
  const [rows, ...row] = wholeShape(shape, sharding);
  const joined = parts.reduce((sum, part) => sum + (part.shape[0] ?? 0), 0);
  return rows === joined && parts.every((part) => sameShape(part.shape.slice(1), row));
}

function isPart(shape: readonly number[], sharding: Sharding | null): boolean {
  if (sharding === null) return true;
  const part = shape[sharding.axis];
  return part !== undefined && part <= sharding.size;
}

function countOf({ shape }: ValueType): number {
  return shape.reduce<number>((product, dim) => (typeof dim === 'number' ? product * dim : product), 1);
}
