import { expect, test } from 'vitest';
import { configDtype } from './config-dtype.ts';

test.each([
  [{ torch_dtype: 'float32' }, 'float32'],
  [{ dtype: 'float16', torch_dtype: 'float32' }, 'float16'],
  [{ dtype: 'bfloat16', text_config: { dtype: 'float16' } }, 'float16'],
  [{ dtype: 'bfloat16', text_config: {} }, 'bfloat16'],
  [{ torch_dtype: 'auto' }, null],
  [{}, null],
  [[], null],
])('%j says %s', (config, dtype) => {
  expect(configDtype(config)).toBe(dtype);
});
