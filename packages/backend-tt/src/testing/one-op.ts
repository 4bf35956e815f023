import {
  type AttrsOf,
  type Dim,
  type Graph,
  GraphBuilder,
  type OpName,
  type StateDeclaration,
  type StepInput,
  type ValueId,
} from '@tttv2/graph';
import { opCases } from '@tttv2/testing';

interface OneOp<Name extends OpName> {
  attrs: AttrsOf<Name>;
  inputs: readonly (StepInput | readonly Dim[])[];
  states?: Readonly<Record<string, StateDeclaration>>;
  positionAxes?: 1 | 3;
  mayBeRefused?: boolean;
}

/** A graph for each case of an op that every backend must run, with the op alone in the scope `op`. */
export function graphsOf<Name extends OpName>(op: Name): Graph[] {
  return casesOf(op, false);
}

/** A graph for each case of an op that a backend may refuse. */
export function refusableGraphsOf<Name extends OpName>(op: Name): Graph[] {
  return casesOf(op, true);
}

function casesOf<Name extends OpName>(op: Name, isRefusable: boolean): Graph[] {
  const cases: readonly OneOp<Name>[] = opCases[op];
  return cases.filter(({ mayBeRefused = false }) => mayBeRefused === isRefusable).map((one) => graphOf(op, one));
}

function graphOf<Name extends OpName>(op: Name, { attrs, inputs, states = {}, positionAxes = 1 }: OneOp<Name>): Graph {
  const builder = new GraphBuilder(op, { positionAxes });
  for (const [name, cache] of Object.entries(states)) builder.state(name, cache);
  const values = inputs.map((input, i) => inputOf(builder, input, `input${i}`));
  return builder.build({ result: builder.scope('op', () => builder.node(op, attrs, values)) });
}

/** A parameter for a fixed shape; for one with a row for each token, rows of a table that the tokens choose. */
function inputOf(builder: GraphBuilder, input: StepInput | readonly Dim[], name: string): ValueId {
  if (typeof input === 'string') return builder.input(input);
  const fixed = input.filter((dim) => typeof dim === 'number');
  if (fixed.length === input.length) return builder.parameter(name, fixed);
  const table = builder.parameter(name, [16, fixed.reduce((product, dim) => product * dim, 1)]);
  let rows = builder.node('gather_rows', {}, [table, builder.input('tokens')]);
  if (input.includes('R')) rows = builder.node('gather_rows', {}, [rows, builder.input('logitRows')]);
  return builder.node('reshape', { shape: [...input] }, [rows]);
}
