import { expect, test } from 'vitest';
import { GraphBuilder } from './builder.ts';
import { opset } from './ops/index.ts';
import { printGraph } from './print.ts';

test('prints a line a node, indented by scope', () => {
  const builder = new GraphBuilder('g');
  const x = builder.node('gather_rows', {}, [builder.parameter('table', [5, 4]), builder.input('tokens')]);
  const y = builder.scope('a', () => {
    const inner = builder.scope('b', () => builder.node('affine', { scale: 2, offset: 0 }, [x]));
    return builder.node('constant', { shape: [40], data: Array.from({ length: 40 }, () => 1) }, []) && inner;
  });
  expect(printGraph(builder.build({ y }))).toBe(
    [
      `graph g (opset ${opset})`,
      'inputs tokens',
      '%0 = gather_rows(table, tokens) float32[N, 4]',
      'a/',
      '  b/',
      '    %1 = affine(%0, scale=2, offset=0) float32[N, 4]',
      `  %2 = constant(shape=[40], data=[${'1,'.repeat(28)}…) float32[40]`,
      'output y = %1',
    ].join('\n'),
  );
});

test('says how parameters and caches are to be stored', () => {
  const builder = new GraphBuilder('g');
  const x = builder.node('gather_rows', {}, [builder.parameter('table', [5, 4], 'q8_0'), builder.input('tokens')]);
  const heads = builder.node('reshape', { shape: ['N', 1, 4] }, [x]);
  const state = builder.state('c', { kind: 'kv_cache', numKvHeads: 1, headDim: 4, stored: 'bfloat16' });
  const attrs = {
    state,
    scale: 1,
    mask: 'causal',
    window: null,
    chunk: null,
    softcap: null,
    hasSelection: false,
  } as const;
  const inputs = [heads, heads, heads, builder.input('slot'), builder.input('cacheIndex')];
  const printed = printGraph(builder.build({ y: builder.node('attention', attrs, inputs) }));
  expect(printed).toContain('gather_rows(table:q8_0, tokens)');
  expect(printed).toContain('state="c:bfloat16"');
});
