import { fileURLToPath } from 'node:url';
import { readFloats } from '@tttv2/graph';
import type { ModelSpec, RopeSpec } from '@tttv2/spec';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { localFiles } from '../local-files.node.ts';
import { type OpenedModel, openModel } from '../open-model.ts';
import { ggufModels } from './index.ts';

async function open(name: string): Promise<OpenedModel> {
  return openModel(await localFiles(fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url))));
}

/** Of llama 3's scaling of 2 pairs, θ = 500000: the second turns slowly, and is divided by the whole factor. */
const llamaRope: RopeSpec = {
  theta: 500000,
  rotaryDim: 4,
  layout: 'interleaved',
  scaling: { kind: 'factors', factors: [1, 8], attentionFactor: 1 },
};

/** What a GGUF file says of the same model: numbers as float32, and what the converter has computed already. */
function inGguf(architecture: string, spec: ModelSpec): unknown {
  const tables = architecture === 'llama' ? { main: llamaRope } : spec.ropeTables;
  return JSON.parse(JSON.stringify({ ...spec, ropeTables: tables }), (key, value: unknown) => {
    if (key === 'normEps' && typeof value === 'number') return Math.fround(value);
    return key === 'weight' && value === 'one_plus' ? 'plain' : value;
  });
}

/** Llama's converter puts the rows of a head that turn together side by side: 0, 2, 1, 3 of four. */
function sideBySide(numbers: readonly number[]): number[] {
  const rows = Array.from({ length: numbers.length / 8 }, (_, row) => numbers.slice(8 * row, 8 * row + 8));
  return rows.flatMap((_, row) => rows[row - (row % 4) + ([0, 2, 1, 3][row % 4] ?? 0)] ?? []);
}

function numbersInGguf(architecture: string, name: string, numbers: readonly number[]): readonly number[] {
  if (architecture === 'llama' && /mixer\.[qk]\.weight$/.test(name)) return sideBySide(numbers);
  return architecture === 'gemma3' && /norm\.weight$/i.test(name) ? numbers.map((number) => number + 1) : numbers;
}

// Recorded by tooling/golden/record_gguf.py: each folder holds a checkpoint, and what llama.cpp's converter made of it.
describe.each(ggufModels.map(({ architecture }) => architecture))('%s', (architecture) => {
  let original: OpenedModel;
  let converted: OpenedModel;
  beforeAll(async () => {
    [original, converted] = await Promise.all([open(architecture), open(`${architecture}/model.gguf`)]);
  });
  afterAll(() => Promise.all([original.close(), converted.close()]));

  test('says the same of the model', () => {
    expect([original.format, converted.format]).toEqual(['safetensors', 'gguf']);
    expect(converted.spec).toEqual(inGguf(architecture, original.spec));
  });

  test('every key is understood, or known not to matter', () => {
    expect(converted.report.unknown).toEqual([]);
    expect(converted.report.understood.every((key) => key.startsWith(`${architecture}.`))).toBe(true);
  });

  test('has the same numbers in every parameter', async () => {
    const numbers = async ({ weights }: OpenedModel, name: string) => [
      ...(await readFloats(weights, weights.describe(name))),
    ];
    expect(converted.weights.names()).toEqual(original.weights.names());
    for (const name of original.weights.names()) {
      const expected = numbersInGguf(architecture, name, await numbers(original, name));
      expect(await numbers(converted, name), name).toEqual(expected);
    }
  });
});
