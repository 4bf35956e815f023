import { z } from 'zod';
import type { Program } from './backend.ts';
import { issueText } from './check-node.ts';
import { type Graph, kvCachesOf } from './graph.ts';
import { GraphError } from './graph-error.ts';
import type { Mesh } from './mesh.ts';
import type { Sharding } from './sharding.ts';
import { validate } from './validate.ts';
import { sameShape, showType, type ValueType } from './value-type.ts';
import { variationOf } from './variation.ts';

const size = z.number().int().positive();
const rawProgram = z.strictObject({
  mesh: z.tuple([size, size]),
  stages: z.array(z.unknown()).min(1, 'there is none'),
});

/**
 * Checks that data is a program: each stage a graph, each part of a parameter or cache what the mesh makes of the whole,
 * each group of a collective as large as its axis, each output the same on all devices, and what a stage receives given by
 * an earlier one. Returns it, typed.
 * @throws GraphError
 */
export function validateProgram(data: unknown): Program {
  const parsed = rawProgram.safeParse(data);
  if (!parsed.success)
    throw new GraphError({ where: 'program', message: issueText(parsed.error), cause: parsed.error });
  const { mesh } = parsed.data;
  const stages = parsed.data.stages.map(validate);
  for (const graph of stages) {
    checkParameters(graph, mesh);
    checkCaches(graph, mesh);
    checkGathers(graph, mesh);
    checkOutputs(graph, mesh);
  }
  checkHandover(stages);
  return { mesh, stages };
}

function checkParameters({ parameters }: Graph, mesh: Mesh): void {
  for (const [name, parameter] of Object.entries(parameters))
    for (const { shape, sharding } of [parameter, ...(parameter.parts ?? [])]) {
      if (sharding === null) continue;
      const { axis, size } = sharding;
      const fail = (message: string) => new GraphError({ where: `parameter ${name}`, message });
      checkPart(shape[axis], sharding, mesh, fail);
      if (axis !== 0 && size % mesh[sharding.meshAxis] !== 0)
        throw fail(
          `${size} elements of axis ${axis} do not divide over ${mesh[sharding.meshAxis]} devices: rows alone are filled up`,
        );
    }
}

function checkCaches(graph: Graph, mesh: Mesh): void {
  for (const [name, { numKvHeads, sharding }] of kvCachesOf(graph)) {
    if (sharding === null) continue;
    const fail = (message: string) => new GraphError({ where: `state ${name}`, message });
    checkPart(numKvHeads, sharding, mesh, fail);
    const devices = mesh[sharding.meshAxis];
    if (sharding.size % devices !== 0)
      throw fail(`${sharding.size} KV heads do not divide over ${devices} devices: heads are not filled up`);
  }
}

function checkPart(
  part: number | undefined,
  { size, meshAxis }: Sharding,
  mesh: Mesh,
  fail: (message: string) => GraphError,
): void {
  const devices = mesh[meshAxis];
  const expected = Math.ceil(size / devices);
  if (part !== expected)
    throw fail(
      `a device holds ${part} of ${size}, but ${devices} devices along mesh axis ${meshAxis} hold ${expected}`,
    );
  if (expected * (devices - 1) >= size)
    throw fail(`${size} cut over ${devices} devices in parts of ${expected} leave the last device nothing`);
}

function checkGathers({ nodes }: Graph, mesh: Mesh): void {
  for (const node of nodes) {
    if (node.op !== 'all_gather') continue;
    const { devices, meshAxis } = node.attrs;
    if (devices === mesh[meshAxis]) continue;
    const message = `joins the parts of ${devices} devices, but there are ${mesh[meshAxis]} along mesh axis ${meshAxis}`;
    throw new GraphError({ where: `${node.id} = ${node.op}`, scope: node.scope, message });
  }
}

/** What a caller is given must not depend on which device is asked. */
function checkOutputs(graph: Graph, mesh: Mesh): void {
  const variation = variationOf(graph, mesh);
  for (const [name, value] of Object.entries(graph.outputs)) {
    if (variation.has(value))
      throw new GraphError({ where: `output ${name}`, message: `"${value}" differs from device to device: gather it` });
  }
}

/** Outputs of a stage have one name in the whole program, and so has a state: each stage has its own. */
function checkHandover(stages: readonly Graph[]): void {
  const given = new Map<string, ValueType>();
  const states = new Set<string>();
  for (const [i, graph] of stages.entries()) {
    const fail = (what: string, message: string) => new GraphError({ where: `stage ${i}, ${what}`, message });
    for (const [name, type] of Object.entries(graph.received)) {
      const found = given.get(name);
      if (found === undefined) throw fail(`received ${name}`, 'is no output of an earlier stage');
      if (found.dtype !== type.dtype || !sameShape(found.shape, type.shape))
        throw fail(`received ${name}`, `is declared ${showType(type)}, but ${showType(found)} is given`);
    }
    for (const name of Object.keys(graph.states)) {
      if (states.has(name)) throw fail(`state ${name}`, 'belongs to an earlier stage');
      states.add(name);
    }
    for (const [name, type] of outputTypes(graph)) {
      if (given.has(name)) throw fail(`output ${name}`, 'is one of an earlier stage already');
      given.set(name, type);
    }
  }
}

function outputTypes({ nodes, parameters, received, outputs }: Graph): [name: string, ValueType][] {
  const types = new Map<string, ValueType>(nodes.map(({ id, type }) => [id, type]));
  const typeOf = (value: string): ValueType =>
    types.get(value) ?? received[value] ?? { dtype: 'float32', shape: parameters[value]?.shape ?? [] };
  return Object.entries(outputs).map(([name, value]) => [name, typeOf(value)]);
}
