import {
  type Dim,
  type FloatTensor,
  type Graph,
  GraphBuilder,
  isCollective,
  isOpName,
  type OpName,
  type ValueId,
  type WeightSource,
} from '@tttv2/graph';
import { UnsupportedHardwareError } from '@tttv2/spec';
import type { ContractCase } from './contract-case.ts';
import { expectRejection } from './expect-rejection.ts';
import { memoryWeights } from './memory-weights.ts';
import { type CaseInput, type OpCase, opCases } from './op-cases.ts';
import { randomTensors } from './random-tensors.ts';
import { type BackendUnderTest, compileLegal, sideBySide } from './side-by-side.ts';

/** Rows of the tables from which the inputs of an op come. */
const tableRows = 16;

/** Every op on its own, through a prefill of two sequences, a decode step, and a step of both. */
export function opContract(under: BackendUnderTest): ContractCase[] {
  return Object.keys(opCases)
    .filter(isOpName)
    .flatMap((op) => casesOf(op, under));
}

function casesOf<Name extends OpName>(op: Name, under: BackendUnderTest): ContractCase[] {
  const cases: readonly OpCase<Name>[] = opCases[op];
  return cases.map((one) => ({
    name: titleOf(op, one),
    needs: ['mixedPhases'],
    run: () => runCase(op, one, under),
  }));
}

function titleOf<Name extends OpName>(op: Name, { attrs, inputs, firstPosition = 0 }: OpCase<Name>): string {
  const shown = inputs.map((input) => (typeof input === 'string' ? input : `[${input.join(', ')}]`));
  const from = firstPosition === 0 ? '' : ` from position ${firstPosition}`;
  return `${op}(${shown.join(', ')}) ${JSON.stringify(attrs)}${from}`;
}

async function runCase<Name extends OpName>(op: Name, one: OpCase<Name>, under: BackendUnderTest): Promise<void> {
  const graph = oneOpGraph(op, one);
  const tensors = randomTensors(graph);
  const weights = memoryWeights(one.positive ? mapValues(tensors, awayFromZero) : tensors);
  if (mayRefuse(one, graph) && isRefused(graph, under)) return checkRefusal(op, graph, weights, under);
  const { firstPosition = 0 } = one;
  await sideBySide(under, { graph, weights, firstPosition }, async (both) => {
    const taps = ['op'];
    await both.run(
      [
        { slot: 0, ids: [3, 1, 4] },
        { slot: 2, ids: [1, 5] },
      ],
      { taps, logits: [4, 1, 1] },
    );
    await both.run([{ slot: 0, ids: [9] }], { taps, logits: [0] });
    await both.run(
      [
        { slot: 2, ids: [2, 6, 15, 0] },
        { slot: 0, ids: [8] },
      ],
      { taps, logits: [3, 4] },
    );
  });
}

/** A device that works alone may refuse what is for several. */
function mayRefuse({ mayBeRefused = false }: { mayBeRefused?: boolean }, graph: Graph): boolean {
  return mayBeRefused || graph.nodes.some(isCollective);
}

function isRefused(graph: Graph, { backend, hardware }: BackendUnderTest): boolean {
  return graph.nodes.some((node) => backend.supports(node, graph, hardware).kind === 'unsupported');
}

async function checkRefusal(op: OpName, graph: Graph, weights: WeightSource, under: BackendUnderTest): Promise<void> {
  const { backend, hardware } = under;
  const program = { mesh: [1, 1] as [number, number], stages: [graph] };
  for (const attempt of [
    () => compileLegal(backend, graph, weights, hardware),
    () => backend.compile(program, weights, hardware),
  ]) {
    const error = await expectRejection(attempt, UnsupportedHardwareError.isInstance, 'an UnsupportedHardwareError');
    if (error.field !== op) throw new Error(`the refusal must name ${op}, found "${error.field}": ${error.message}`);
  }
}

function oneOpGraph<Name extends OpName>(
  op: Name,
  { attrs, inputs, states = {}, positionAxes = 1 }: OpCase<Name>,
): Graph {
  const builder = new GraphBuilder(op, { positionAxes });
  for (const [name, cache] of Object.entries(states)) builder.state(name, cache);
  const values = inputs.map((input, i) => emitInput(builder, input, `input${i}`));
  const result = builder.scope('op', () => builder.node(op, attrs, values));
  return builder.build({ result });
}

/** A parameter for a fixed shape; for one with a row for each token, rows of a table that the tokens choose. */
function emitInput(builder: GraphBuilder, input: CaseInput, name: string): ValueId {
  if (typeof input === 'string') return builder.input(input);
  const fixed = input.filter((dim) => typeof dim === 'number');
  if (fixed.length === input.length) return builder.parameter(name, fixed);
  const table = builder.parameter(name, [tableRows, fixed.reduce((product, dim) => product * dim, 1)]);
  let rows = builder.node('gather_rows', {}, [table, builder.input('tokens')]);
  if (input.includes('R')) rows = builder.node('gather_rows', {}, [rows, builder.input('logitRows')]);
  const shape: Dim[] = [...input];
  return builder.node('reshape', { shape }, [rows]);
}

function awayFromZero(tensor: FloatTensor): FloatTensor {
  return { ...tensor, data: tensor.data.map((value) => Math.abs(value) + 0.5) };
}

function mapValues<From, To>(record: Readonly<Record<string, From>>, map: (value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}
