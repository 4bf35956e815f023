import { parseArgs } from 'node:util';
import { cpuBackend } from '@tttv2/backend-cpu';
import { createOptimizedModelFactory } from '@tttv2/factory';
import { hardwareConfig, type ModelSpec } from '@tttv2/spec';
import { fromHuggingFace } from './from-hugging-face.ts';
import { manualSpecification } from './manual-specification.ts';
import { mixedLayers } from './mixed-layers.ts';
import { planOf } from './plan.ts';

const examples: ReadonlyMap<string, (scale: number) => ModelSpec> = new Map([
  ['from-hugging-face', fromHuggingFace],
  ['manual-specification', manualSpecification],
  ['mixed-layers', mixedLayers],
]);

/** Where and how: apart from what the model is. */
const hardware = hardwareConfig({ deviceType: 'cpu', weightDtype: 'bfloat16', kvCacheDtype: 'float16' });

/**
 * `NAME` plans a model at its full size; `NAME --scale 64` makes it with its widths divided and random weights, and lets it
 * generate. @throws Error that says how to call it.
 */
export async function runExample(args: readonly string[], print: (line: string) => void): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { scale: { type: 'string', default: '1' } },
    allowPositionals: true,
  });
  const [name = ''] = positionals;
  const example = examples.get(name);
  if (example === undefined)
    throw new Error(`there is no example "${name}"; there are ${[...examples.keys()].join(', ')}`);
  const spec = example(Number(values.scale));
  describe(spec, print);
  if (values.scale !== '1') await generate(spec, print);
}

function describe(spec: ModelSpec, print: (line: string) => void): void {
  const { parameters, weightBytes, cacheBytes, cacheTokens, nodes } = planOf(spec, hardware);
  const number = (value: number) => value.toLocaleString('en');
  print(`layers      ${spec.numLayers}, hidden size ${number(spec.hiddenDim)}, ${number(spec.vocabSize)} tokens known`);
  print(`parameters  ${number(parameters)}`);
  print(`weights     ${number(weightBytes)} bytes in bfloat16`);
  print(`KV cache    ${number(cacheBytes)} bytes for ${number(cacheTokens)} tokens in float16`);
  print(`graph       ${number(nodes)} nodes on ${hardware.deviceType}`);
}

async function generate(spec: ModelSpec, print: (line: string) => void): Promise<void> {
  // Threads would wait for each other longer than so small a model computes.
  const small = { ...hardware, threads: 1 };
  await using model = await createOptimizedModelFactory({ backends: [cpuBackend] }).create(spec, small);
  const { ids } = await model.generate({ promptIds: [1, 2, 3], maxNewTokens: 16 }).result();
  print(`generated   ${ids.join(' ')}`);
}
