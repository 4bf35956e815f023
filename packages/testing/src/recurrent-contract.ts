import { type Graph, GraphBuilder } from '@tttv2/graph';
import type { ContractCase } from './contract-case.ts';
import { expectClose } from './expect-close.ts';
import { memoryWeights } from './memory-weights.ts';
import { randomTensors } from './random-tensors.ts';
import { type BackendUnderTest, type SideBySide, sideBySide } from './side-by-side.ts';
import { turn } from './turn.ts';

const dims = { vocabSize: 40, channels: 12, heads: 2, headDim: 4, groups: 1, width: 2, convWidth: 3 };
const prompt = [5, 17, 3, 39, 0, 8, 21, 11];

/** What sequences keep in recurrent states, through all that a state can do. Nothing for a backend that refuses them by name. */
export function recurrentContract(under: BackendUnderTest): ContractCase[] {
  const graph = recurrentGraph();
  const { backend, hardware } = under;
  if (graph.nodes.some((node) => backend.supports(node, graph, hardware).kind === 'unsupported')) return [];
  const weights = memoryWeights(randomTensors(graph, { std: 0.5 }));
  const promise = (
    name: string,
    body: (both: SideBySide) => Promise<void>,
    needs: ContractCase['needs'] = [],
  ): ContractCase => ({
    name: `recurrent: ${name}`,
    needs,
    run: () => sideBySide(under, { graph, weights }, body),
  });

  return [
    promise('prefill, then decode', async (both) => {
      await both.run([{ slot: 0, ids: prompt }], { logits: [7, 0], taps: ['scan'] });
      for (const id of [2, 30, 2, 2]) await both.run([{ slot: 0, ids: [id] }], { logits: [0] });
    }),
    promise(
      'sequences of equal and unequal length in one step, some at their start',
      async (both) => {
        await both.run([
          { slot: 2, ids: prompt },
          { slot: 0, ids: [7, 7, 9] },
          { slot: 1, ids: [1, 2, 3] },
        ]);
        await both.run(
          [
            { slot: 0, ids: [1] },
            { slot: 3, ids: prompt },
            { slot: 2, ids: [2] },
            { slot: 1, ids: [2] },
          ],
          { logits: [10, 9, 0, 8], taps: ['scan'] },
        );
        await both.run(
          [0, 1, 2, 3].map((slot) => ({ slot, ids: [slot] })),
          { logits: [0, 1, 2, 3] },
        );
      },
      ['mixedPhases'],
    ),
    promise('a prompt in chunks gives what the whole prompt gives', async (both) => {
      const whole = await both.run([{ slot: 0, ids: prompt }], { logits: [7] });
      const expected = whole.logits && { ...whole.logits, data: whole.logits.data.slice() };
      await both.run([{ slot: 1, ids: prompt.slice(0, 1) }]);
      await both.run([{ slot: 1, ids: prompt.slice(1, 5) }]);
      const chunked = await both.run([{ slot: 1, ids: prompt.slice(5) }], { logits: [2] });
      if (expected === null || chunked.logits === null) throw new Error('no logits');
      expectClose(chunked.logits, expected, under.tolerance, 'logits');
    }),
    promise('goes back to a length, or says that it cannot and stays as it was', async (both) => {
      for (const length of [9, 8, 5, 50, 0]) {
        both.change((state) => state.release(0));
        await both.run([{ slot: 0, ids: prompt }]);
        await both.run([{ slot: 0, ids: [2] }]);
        both.tryChange((state) => state.truncate(0, length));
        both.expectSameLengths([0]);
        await both.run([{ slot: 0, ids: [38, 1] }], { logits: [0, 1] });
        both.tryChange((state) => state.truncate(0, length));
        await both.run([{ slot: 0, ids: [4] }], { logits: [0] });
      }
    }),
    promise('forks a length, or says that it cannot; each then goes its own way', async (both) => {
      for (const length of [9, 8, 5, 50, 0]) {
        for (const slot of [0, 3]) both.change((state) => state.release(slot));
        await both.run([{ slot: 0, ids: prompt }]);
        await both.run([{ slot: 0, ids: [2] }]);
        await both.run([{ slot: 3, ids: [1, 2, 3] }]);
        both.tryChange((state) => state.fork(0, 3, length));
        both.expectSameLengths([0, 3]);
        await both.run([{ slot: 3, ids: [20] }], { logits: [0] });
        await both.run([{ slot: 0, ids: [10] }], { logits: [0] });
        both.change((state) => state.release(0));
        await both.run([{ slot: 3, ids: [6, 6] }], { logits: [1] });
      }
    }),
    promise('a slot that was released begins anew', async (both) => {
      await both.run([{ slot: 1, ids: prompt }]);
      both.change((state) => state.release(1));
      await both.run([{ slot: 1, ids: [12, 13] }], { logits: [0, 1] });
    }),
    promise('a step that is aborted on its way changes nothing, or all', async (both) => {
      for (const turns of [0, 1, 2, 3]) {
        both.change((state) => state.release(1));
        await both.run([{ slot: 1, ids: prompt }]);
        const controller = new AbortController();
        const step = both.step([{ slot: 1, ids: Array.from({ length: 40 }, (_, i) => i) }]);
        const outcome = both.executable.run(both.state, step, { signal: controller.signal }).then(
          () => 'done',
          () => 'aborted',
        );
        for (let i = 0; i < turns; i++) await turn();
        controller.abort();
        if ((await outcome) === 'aborted') await both.run([{ slot: 1, ids: [turns] }], { logits: [0] });
      }
    }),
  ];
}

/** Tokens through a convolution and a scan, as in a mixer, and a head. */
function recurrentGraph(): Graph {
  const { vocabSize, channels, heads, headDim, groups, width, convWidth } = dims;
  const builder = new GraphBuilder('tiny-recurrent');
  const table = builder.parameter('embedding.weight', [vocabSize, channels]);
  const rows = builder.node('gather_rows', {}, [table, builder.input('tokens')]);
  const places = [builder.input('slot'), builder.input('cacheIndex')];
  const past = builder.state('past', { kind: 'recurrent', shape: [convWidth - 1, channels] });
  const kernel = builder.parameter('conv.weight', [channels, convWidth]);
  const mixed = builder.node('causal_conv', { state: past }, [rows, kernel, ...places]);
  const split = (start: number, count: number, size: number) =>
    builder.node('reshape', { shape: ['N', count, size] }, [
      builder.node('slice', { start, length: count * size }, [mixed]),
    ]);
  const [x, b, c] = [split(0, heads, headDim), split(8, groups, width), split(10, groups, width)];
  const dt = builder.node('linear', {}, [mixed, builder.parameter('dt.weight', [heads, channels])]);
  const decay = builder.node('constant', { shape: [heads], data: [-0.1, -1] }, []);
  const scan = builder.state('scan', { kind: 'recurrent', shape: [heads, headDim, width] });
  const scanned = builder.scope('scan', () =>
    builder.node('ssm_scan', { state: scan }, [x, dt, decay, b, c, ...places]),
  );
  const flat = builder.node('reshape', { shape: ['N', heads * headDim] }, [scanned]);
  const wanted = builder.node('gather_rows', {}, [flat, builder.input('logitRows')]);
  const head = builder.parameter('lmHead.weight', [vocabSize, heads * headDim]);
  return builder.build({ logits: builder.node('linear', {}, [wanted, head]) });
}
