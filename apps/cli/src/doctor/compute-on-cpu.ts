import { cpuBackend } from '@tttv2/backend-cpu';
import { type Backend, GraphBuilder, referenceBackend, type WeightSource } from '@tttv2/graph';

/** Computes a product of random numbers on the processor; returns how far it is from its definition at most. */
export async function computeOnCpu(): Promise<number> {
  const [found, expected] = [await compute(cpuBackend), await compute(referenceBackend)];
  return found.reduce((worst, value, i) => Math.max(worst, Math.abs(value - (expected[i] ?? Number.NaN))), 0);
}

const shapes: Readonly<Record<string, number[]>> = { table: [8, 64], weight: [32, 64] };

const weights: WeightSource = {
  files: new Map(),
  names: () => Object.keys(shapes),
  describe: (name) => ({ kind: 'random', seed: 1, stream: name, mean: 0, std: 1, shape: shapes[name] ?? [] }),
  close: async () => {},
};

async function compute(backend: Backend): Promise<Float32Array> {
  const builder = new GraphBuilder('examination');
  const parameter = (name: string) => builder.parameter(name, shapes[name] ?? []);
  const rows = builder.node('gather_rows', {}, [parameter('table'), builder.input('tokens')]);
  const wanted = builder.node('gather_rows', {}, [rows, builder.input('logitRows')]);
  const graph = builder.build({ logits: builder.node('linear', {}, [wanted, parameter('weight')]) });
  const executable = await backend.compile({ mesh: [1, 1], stages: [graph] }, weights, { deviceType: backend.name });
  const state = executable.createState({ maxSequences: 1, totalTokens: 2, tokensPerSequence: 2 });
  const { logits } = await executable.run(state, {
    tokens: Int32Array.of(3, 5),
    positions: Int32Array.of(0, 1),
    sequences: [{ slot: 0, from: 0, count: 2 }],
    want: { logits: Int32Array.of(0, 1) },
  });
  const numbers = logits?.data.slice() ?? new Float32Array();
  await executable.dispose();
  return numbers;
}
