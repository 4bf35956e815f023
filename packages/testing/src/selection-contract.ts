import { type Graph, GraphBuilder } from '@tttv2/graph';
import type { ContractCase } from './contract-case.ts';
import { memoryWeights } from './memory-weights.ts';
import { randomTensors } from './random-tensors.ts';
import { type BackendUnderTest, type SideBySide, sideBySide } from './side-by-side.ts';

const dims = { vocabSize: 40, hidden: 12, heads: 2, headDim: 4, selectingHeads: 16, selectingDim: 3 };
const prompt = [5, 17, 3, 39, 0, 8, 21, 11];

/** What attention sees of selected tokens: fewer than there are, one, or all. Nothing for a backend that refuses it by name. */
export function selectionContract(under: BackendUnderTest): ContractCase[] {
  return [1, 3, 100, 1000].flatMap((topK) => {
    const graph = selectingGraph(topK);
    const { backend, hardware } = under;
    if (graph.nodes.some((node) => backend.supports(node, graph, hardware).kind === 'unsupported')) return [];
    const weights = memoryWeights(randomTensors(graph, { std: 0.5 }));
    const promise = (
      name: string,
      body: (both: SideBySide) => Promise<void>,
      needs: ContractCase['needs'] = [],
    ): ContractCase => ({
      name: `select_keys(q, k, weights, slot, cacheIndex) of ${topK} for two attentions: ${name}`,
      needs,
      run: () => sideBySide(under, { graph, weights }, body),
    });
    return [
      promise('prefill, then decode', async (both) => {
        await both.run([{ slot: 0, ids: prompt }], { logits: [7, 0], taps: ['first', 'second'] });
        for (const id of [2, 30, 2]) await both.run([{ slot: 0, ids: [id] }], { logits: [0] });
      }),
      promise(
        'beside a sequence that goes back, and one that is forked',
        async (both) => {
          await both.run([
            { slot: 1, ids: [7, 1, 9] },
            { slot: 0, ids: prompt },
          ]);
          both.change((state) => state.fork(0, 2, 6));
          both.change((state) => state.truncate(0, 4));
          await both.run(
            [0, 1, 2].map((slot) => ({ slot, ids: [slot, 4] })),
            { logits: [0, 1, 2, 3, 4, 5] },
          );
        },
        ['mixedPhases'],
      ),
    ];
  });
}

/** Tokens, attention to what they select, and attention of another layer to the same. */
function selectingGraph(topK: number): Graph {
  const { vocabSize, hidden, heads, headDim, selectingHeads, selectingDim } = dims;
  const builder = new GraphBuilder('tiny-selecting');
  const table = builder.parameter('embedding.weight', [vocabSize, hidden]);
  const rows = builder.node('gather_rows', {}, [table, builder.input('tokens')]);
  const places = [builder.input('slot'), builder.input('cacheIndex')];
  const project = (name: string, from: string, shape: number[]) => {
    const outputs = shape.reduce((size, dim) => size * dim, 1);
    const weight = builder.parameter(`${name}.weight`, [outputs, hidden]);
    return builder.node('reshape', { shape: ['N', ...shape] }, [builder.node('linear', {}, [from, weight])]);
  };
  const index = { kind: 'kv_cache', numKvHeads: 1, headDim: selectingDim, hasValues: false, stored: null } as const;
  const [q, k] = [project('index.q', rows, [selectingHeads, selectingDim]), project('index.k', rows, [selectingDim])];
  const selection = builder.node('select_keys', { state: builder.state('index', index), topK }, [
    ...[q, k, project('index.weights', rows, [selectingHeads]), ...places],
  ]);
  const attend = (name: string, from: string) =>
    builder.scope(name, () => {
      const state = builder.state(name, { kind: 'kv_cache', numKvHeads: heads, headDim, stored: null });
      const attrs = { state, scale: 0.5, mask: 'causal', window: null, chunk: null, softcap: null } as const;
      const parts = ['q', 'k', 'v'].map((part) => project(`${name}.${part}`, from, [heads, headDim]));
      const mixed = builder.node('attention', { ...attrs, hasSelection: true }, [...parts, ...places, selection]);
      const flat = builder.node('reshape', { shape: ['N', heads * headDim] }, [mixed]);
      return builder.node('linear', {}, [flat, builder.parameter(`${name}.o.weight`, [hidden, heads * headDim])]);
    });
  const mixed = attend('second', attend('first', rows));
  const wanted = builder.node('gather_rows', {}, [mixed, builder.input('logitRows')]);
  return builder.build({ logits: builder.node('linear', {}, [wanted, table]) });
}
