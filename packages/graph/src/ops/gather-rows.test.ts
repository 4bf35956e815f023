import { expect, test } from 'vitest';
import { GraphBuilder } from '../builder.ts';

test('rows are of fixed size: a token chooses no row of tokens', () => {
  const builder = new GraphBuilder('rows');
  const tokens = builder.input('tokens');
  const rows = builder.node('gather_rows', {}, [builder.parameter('table', [5, 3]), tokens]);
  const one = builder.node('reshape', { shape: [1, 'N', 3] }, [rows]);
  expect(() => builder.node('gather_rows', {}, [one, tokens])).toThrow(
    'input 0 must have rows of fixed size, found [1, N, 3]',
  );
});
