import { dequantise } from '@tttv2/graph';
import { expect, test } from 'vitest';
import { Engine } from './engine.ts';
import type { GgmlDtype } from './ggml-type.ts';
import { bytesOfRows, convertRows, withRows } from './native-rows.ts';

/** Numbers, and the bytes of what they are in another type. */
async function converted(numbers: Float32Array, from: GgmlDtype, to: GgmlDtype): Promise<Float32Array> {
  const engine = new Engine({ threads: 1 });
  const size = { rows: 2, width: numbers.length / 2 };
  try {
    return await withRows(engine, { dtype: 'float32', ...size }, (wide) =>
      withRows(engine, { dtype: from, ...size }, (source) =>
        withRows(engine, { dtype: to, ...size }, async (target) => {
          bytesOfRows(wide).set(new Uint8Array(numbers.buffer));
          await convertRows(engine, wide, source);
          await convertRows(engine, source, target);
          return dequantise(bytesOfRows(target).slice(), to);
        }),
      ),
    );
  } finally {
    await engine.dispose();
  }
}

/** Scaled by 1 in `q8_0`: halves lie between two numbers. */
const halves = Float32Array.from({ length: 64 }, (_, i) => (i % 32 === 0 ? 127 : (i % 32) + 0.5));

test.each<GgmlDtype>(['float32', 'float16', 'bfloat16'])(
  'halves of %s become the larger, as in files of llama.cpp',
  async (from) => {
    const numbers = await converted(halves, from, 'q8_0');
    expect([...numbers]).toEqual([...halves].map((number) => (number === 127 ? 127 : number + 0.5)));
  },
);

test.each<[from: GgmlDtype, to: GgmlDtype]>([
  ['bfloat16', 'float16'],
  ['q8_0', 'float32'],
  ['q8_0', 'q5_0'],
])('%s becomes %s', async (from, to) => {
  const numbers = await converted(halves, from, to);
  for (const [i, number] of numbers.entries()) expect(Math.abs(number - (halves[i] ?? 0))).toBeLessThan(5);
});
