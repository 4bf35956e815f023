import { cpuBackend } from '@tttv2/backend-cpu';
import { type Backend, type Graph, kvCachesOf, referenceBackend } from '@tttv2/graph';
import { attentionSpec, ffnSpec, type HardwareConfig, layerSpec, modelSpec, moeSpec } from '@tttv2/spec';
import { expect, test } from 'vitest';
import { buildProgram } from '../build-program.ts';

const dims = { hiddenDim: 64 };
const attention = attentionSpec({ ...dims, numHeads: 2 });
const spec = modelSpec({
  ...dims,
  vocabSize: 32,
  layers: [
    layerSpec({ attention, ffn: ffnSpec({ ...dims, intermediateDim: 64 }) }),
    layerSpec({ attention, ffn: moeSpec({ ...dims, numExperts: 2, topK: 1, intermediateDim: 64 }) }),
  ],
});

function graphOf(hardware: Omit<HardwareConfig, 'deviceType'>, backend: Backend = cpuBackend): Graph {
  const [graph] = buildProgram(spec, backend, { deviceType: backend.name, ...hardware }).stages;
  if (graph === undefined) throw new Error('no graph');
  return graph;
}

/** How parameters of a layer are to be stored, by their names within it. */
function storedIn({ parameters }: Graph, layer: number): Record<string, string | null> {
  const prefix = `layers.${layer}.`;
  const own = Object.entries(parameters).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(own.map(([name, { stored }]) => [name.slice(prefix.length), stored]));
}

test('each group is stored in its type, over what is said of all weights', () => {
  const graph = graphOf({ weightDtype: 'float16', precision: { ff1_3: 'int4', wqkv: 'int8', kv_cache: 'q8_0' } });
  expect(storedIn(graph, 0)).toMatchObject({
    'mixer.q.weight': 'q8_0',
    'mixer.k.weight': 'q8_0',
    'mixer.v.weight': 'q8_0',
    'mixer.o.weight': 'float16',
    'ffn.gate.weight': 'q4_0',
    'ffn.up.weight': 'q4_0',
    'ffn.down.weight': 'float16',
    'mixer.q.bias': null,
    'preMixerNorm.weight': null,
  });
  expect(storedIn(graph, 1)).toMatchObject({
    'ffn.experts.gate.weight': 'q4_0',
    'ffn.experts.down.weight': 'float16',
    'ffn.router.weight': 'float16',
  });
  expect(kvCachesOf(graph).map(([, { stored }]) => stored)).toEqual(['q8_0', 'q8_0']);
});

test('a cache type that is named itself counts', () => {
  const cachesOf = (hardware: Omit<HardwareConfig, 'deviceType'>) =>
    kvCachesOf(graphOf(hardware)).map(([, { stored }]) => stored);
  expect(cachesOf({ kvCacheDtype: 'float32', precision: { kv_cache: 'q8_0' } })).toEqual(['float32', 'float32']);
  expect(cachesOf({ kvCacheDtype: 'q4_0' })).toEqual(['q4_0', 'q4_0']);
  expect(cachesOf({ precision: { wo: 'int8' } })).toEqual([null, null]);
});

test('a preset is what the backend means by it, and refused where it means nothing', () => {
  expect(storedIn(graphOf({ precision: 'performance' }), 0)).toMatchObject({
    'ffn.gate.weight': 'q4_0',
    'ffn.down.weight': 'q8_0',
    'mixer.o.weight': 'q8_0',
  });
  expect(() => graphOf({ precision: 'performance' }, referenceBackend)).toThrow(
    expect.objectContaining({ field: 'precision', device: 'reference' }),
  );
});
