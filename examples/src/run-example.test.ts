import { expect, test } from 'vitest';
import { fromHuggingFace } from './from-hugging-face.ts';
import { manualSpecification } from './manual-specification.ts';
import { mixedLayers } from './mixed-layers.ts';
import { runExample } from './run-example.ts';

async function printed(...args: string[]): Promise<Record<string, string>> {
  const lines: string[] = [];
  await runExample(args, (line) => lines.push(line));
  return Object.fromEntries(lines.map((line) => line.split(/ {2,}/)));
}

/** Weights of the two matrices of 32,000 tokens, and of the norms: two a layer and the last one. */
const outside = 2 * 32000 * 4096 + (2 * 32 + 1) * 4096;
const network = 3 * 4096 * 11008;
const number = (value: number) => value.toLocaleString('en');

/** Qwen says 7.61 B of the language model: 6.53 B without embeddings, of 152,064 tokens each way. */
test('a Qwen2.5-VL-7B at full size: its language model', async () => {
  const attention = 2 * 3584 * (3584 + 512) + 3584 + 2 * 512;
  const parameters = 2 * 152064 * 3584 + 28 * (attention + 3 * 3584 * 18944 + 2 * 3584) + 3584;
  expect(parameters).toBe(7_615_616_512);
  expect(await printed('from-hugging-face')).toEqual({
    layers: '28, hidden size 3,584, 152,064 tokens known',
    parameters: number(parameters),
    weights: `${number(2 * parameters)} bytes in bfloat16`,
    'KV cache': `${number(2 * 2 * 28 * 512 * 32768)} bytes for 32,768 tokens in float16`,
    graph: expect.stringMatching(/^\d+ nodes on cpu$/),
  });
  const { layers, positionAxes, ropeTables } = fromHuggingFace(1);
  for (const { mixer } of layers)
    expect(mixer).toMatchObject({ attentionType: 'grouped_query', numHeads: 28, numKvHeads: 4, headDim: 128 });
  expect(positionAxes).toBe(3);
  expect(ropeTables).toMatchObject({ main: { theta: 1e6, mrope: { sections: [16, 24, 24] } } });
});

test('a manual specification at full size: grouped heads, biases of q, k and v', async () => {
  const attention = 2 * 4096 * (4096 + 1024) + 4096 + 2 * 1024;
  const parameters = outside + 32 * (attention + network);
  expect(await printed('manual-specification')).toEqual({
    layers: '32, hidden size 4,096, 32,000 tokens known',
    parameters: number(parameters),
    weights: `${number(2 * parameters)} bytes in bfloat16`,
    'KV cache': `${number(2 * 2 * 32 * 1024 * 2048)} bytes for 2,048 tokens in float16`,
    graph: expect.stringMatching(/^\d+ nodes on cpu$/),
  });
  for (const { mixer } of manualSpecification(1).layers)
    expect(mixer).toMatchObject({ attentionType: 'grouped_query', numHeads: 32, numKvHeads: 8, headDim: 128 });
});

test('mixed layers at full size: every fourth has a window', async () => {
  const attention = 4 * 4096 * 4096 + 3 * 4096;
  const parameters = outside + 32 * (attention + network);
  expect(await printed('mixed-layers')).toMatchObject({
    parameters: number(parameters),
    'KV cache': `${number(2 * 2 * 32 * 4096 * 2048)} bytes for 2,048 tokens in float16`,
  });
  const windows = mixedLayers(1).layers.map(({ mixer }) => mixer?.kind === 'attention' && mixer.slidingWindowSize);
  expect(windows).toEqual(Array.from({ length: 32 }, (_, i) => (i % 4 === 0 ? 2048 : null)));
});

test.each([
  ['from-hugging-face', '28, hidden size 56, 2,376 tokens known'],
  ['manual-specification', '32, hidden size 64, 500 tokens known'],
  ['mixed-layers', '32, hidden size 64, 500 tokens known'],
])('%s, scaled down, generates the same text twice', async (name, layers) => {
  const { generated, ...plan } = await printed(name, '--scale', '64');
  expect(plan.layers).toBe(layers);
  const ids = generated?.split(' ').map(Number) ?? [];
  expect(ids).toHaveLength(16);
  for (const id of ids) expect(id).toBeLessThan(2376);
  expect((await printed(name, '--scale', '64')).generated).toBe(generated);
});

test('what cannot be is refused by name', async () => {
  await expect(printed('mixed')).rejects.toThrow('there is no example "mixed"; there are ');
  await expect(printed('mixed-layers', '--scale', '3')).rejects.toThrow('hiddenDim');
});
