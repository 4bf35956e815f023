import { GraphBuilder } from '@tttv2/graph';
import { expect, test } from 'vitest';
import { peakOfLiveValues } from './live-values.ts';

const elements = (shape: readonly number[]) => shape.reduce((count, size) => count * size, 1);

test('values live from the op that computes them to the last that reads them', () => {
  const builder = new GraphBuilder('g');
  const x = builder.node('gather_rows', {}, [builder.parameter('table', [8, 10]), builder.input('tokens')]);
  const wide = builder.node('linear', {}, [x, builder.parameter('up', [100, 10])]);
  const heads = builder.node('reshape', { shape: ['N', 4, 25] }, [wide]);
  const squared = builder.node('mul', {}, [heads, heads]);
  const flat = builder.node('reshape', { shape: ['N', 100] }, [squared]);
  const narrow = builder.node('linear', {}, [flat, builder.parameter('down', [10, 100])]);
  const y = builder.scope('y', () => builder.node('add', {}, [narrow, x]));
  const graph = builder.build({ y });
  // At `mul`: x, and twice the wide one; what is reshaped is no value of its own.
  expect(peakOfLiveValues(graph, { N: 3, R: 1 }, elements)).toBe(3 * (10 + 100 + 100));
});

test('an op of experts needs room for those that a token sees', () => {
  const builder = new GraphBuilder('g');
  const x = builder.node('gather_rows', {}, [builder.parameter('table', [8, 10]), builder.input('tokens')]);
  const logits = builder.node('linear', {}, [x, builder.parameter('router', [4, 10])]);
  const experts = ['gate', 'up'].map((name) => builder.parameter(name, [4, 20, 10]));
  const choice = { topK: 2, score: 'softmax', order: 'score_then_topk', normalize: true, scale: 1 } as const;
  const attrs = { ...choice, fn: 'silu', gated: true } as const;
  const inputs = [x, logits, ...experts, builder.parameter('down', [4, 10, 20])];
  const y = builder.scope('y', () =>
    builder.node(
      'moe',
      { ...attrs, groups: null, limit: null, upOffset: 0, scored: 'outputs', hasExpertScale: false },
      inputs,
    ),
  );
  // x, the logits and the result; gate, up and result of two experts.
  const graph = builder.build({ y });
  expect(peakOfLiveValues(graph, { N: 3, R: 1 }, elements)).toBe(3 * (10 + 4 + 10 + 2 * (20 + 20 + 10)));
});
