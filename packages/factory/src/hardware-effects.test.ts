import { cpuBackend } from '@tttv2/backend-cpu';
import { boardOf, emitProgram, ttBackend } from '@tttv2/backend-tt';
import {
  type Backend,
  checkStateOptions,
  type Executable,
  type Graph,
  kvCachesOf,
  type Program,
  referenceBackend,
} from '@tttv2/graph';
import { type HardwareConfig, hardwareConfigSchema } from '@tttv2/spec';
import { stepOf } from '@tttv2/testing';
import { expect, test } from 'vitest';
import { buildProgram } from './build-program.ts';
import { checkMesh } from './check-mesh.ts';
import { createModelFactory } from './model-factory.ts';
import { findDevice } from './registry.ts';
import { smallLlama } from './testing/small-llama.ts';

/** What can be seen of a model that is placed, by what it is called. */
type Facts = Record<string, string>;

/** Settings of each field. */
const settings: { [Field in keyof HardwareConfig]-?: Partial<HardwareConfig>[] } = {
  deviceType: [{ deviceType: 'grayskull' }],
  useFlashAttention: [{ useFlashAttention: true }, { useFlashAttention: false }],
  kvCacheDtype: [{ kvCacheDtype: 'float16' }, { kvCacheDtype: 'q8_0' }, { kvCacheDtype: 'bfloat8_b' }],
  activationCheckpointing: [{ activationCheckpointing: true }],
  tensorParallelSize: [{ tensorParallelSize: 2 }],
  pipelineParallelSize: [{ pipelineParallelSize: 2 }],
  weightDtype: [
    { weightDtype: 'float16' },
    { weightDtype: 'int8' },
    { weightDtype: 'int4' },
    { weightDtype: 'q4_k' },
    { weightDtype: 'bfloat8_b' },
    { weightDtype: 'bfloat4_b' },
  ],
  quantizeWeights: [{ quantizeWeights: true }, { quantizeWeights: true, weightDtype: 'bfloat8_b' }],
  quantizeActivations: [{ quantizeActivations: true }],
  useFusedKernels: [{ useFusedKernels: true }, { useFusedKernels: false }],
  optimizeForInference: [{ optimizeForInference: false }],
  threads: [{ threads: 1 }],
  maxBatch: [{ maxBatch: 2 }],
  maxContext: [{ maxContext: 32 }],
  prefillChunk: [{ prefillChunk: 64 }],
  precision: [
    { precision: 'performance' },
    { precision: 'accuracy' },
    { precision: { ff1_3: 'int4', wqkv: 'int8' } },
    { precision: { ff1_3: 'bfloat4_b', wo: 'bfloat8_b' } },
    { precision: { activation: 'bfloat16' } },
    { precision: { activation: 'float32' } },
  ],
};

const wanted = { maxSequences: 3, totalTokens: 256, tokensPerSequence: 256 };

/** What is seen before a device is. */
function programFacts({ mesh, stages }: Program): Facts {
  const nodes = stages.flatMap((stage) => stage.nodes);
  const linear = nodes.filter(({ op }) => op === 'linear').length;
  const lastRows = nodes.find(({ scope }) => scope === 'layers.1/ffn/down')?.type.shape[0];
  return {
    devices: `${mesh[0] * mesh[1]} in each of ${stages.length} stages`,
    ops: `${nodes.length}, ${linear} of them \`linear\``,
    matrices: counted(stages.flatMap(storedMatrices)),
    caches: counted(stages.flatMap((stage) => kvCachesOf(stage).map(([, { stored }]) => stored ?? 'unset'))),
    'end of the last layer': `computed for \`${lastRows}\` rows`,
  };
}

function storedMatrices({ parameters }: Graph): string[] {
  return Object.values(parameters).flatMap(({ shape, stored }) => (shape.length > 1 ? [stored ?? 'as stored'] : []));
}

function stateFacts(check: () => void): Facts {
  const outcome = refusalOf(check);
  return { 'a state of 3 sequences of 256 tokens': outcome ?? 'held' };
}

/** Facts of a model on a backend that runs here, after a prompt of 200 tokens. */
async function runningFacts(backend: Backend, hardware: HardwareConfig): Promise<Facts> {
  let program: Program | null = null;
  let executable: Executable | null = null;
  let weights = 0;
  const watched: Backend = {
    ...backend,
    async compile(given, source, asked, options) {
      program = given;
      // Layouts for products are those of the processor at hand, and so are their sizes.
      const plain = await backend.compile(given, source, { ...asked, optimizeForInference: false });
      weights = plain.memory().ownWeights;
      await plain.dispose();
      executable = await backend.compile(given, source, asked, options);
      return executable;
    },
  };
  const { deviceType: device, ...rest } = hardware;
  await using _model = await createModelFactory({ backends: [watched] }).fromSpec(smallLlama, {
    device,
    hardware: rest,
  });
  if (program === null || executable === null) throw new Error('nothing was compiled');
  return { ...programFacts(program), ...(await executableFacts(executable)), weights: `${weights} bytes` };
}

async function executableFacts(executable: Executable): Promise<Facts> {
  const { limits, hardware } = executable;
  const refused = stateFacts(() => executable.createState(wanted).dispose());
  const few = { maxSequences: 1, totalTokens: 32, tokensPerSequence: 32 };
  const state = executable.createState(few);
  const ids = Array.from({ length: 32 }, (_, i) => i);
  await executable.run(state, stepOf(state, [{ slot: 0, ids }], { logits: [31] }));
  const { states } = executable.memory();
  state.dispose();
  return {
    ...refused,
    states: `${states} bytes`,
    'tokens a step': `${limits.maxTokensPerStep}`,
    attention: hardware.useFlashAttention ? 'flash' : 'plain',
    threads: `${hardware.threads}`,
  };
}

/** Facts of the module of ttnn calls that a board is given. */
async function boardFacts(hardware: HardwareConfig): Promise<Facts> {
  const { spec } = boardOf(hardware.deviceType);
  checkMesh(spec, hardware);
  const program = buildProgram(smallLlama, ttBackend(), hardware);
  const { module, lowered, hardware: resolved } = emitProgram(program, hardware, { mode: 'acceptance' });
  const [, caches = ''] = /^CACHES = (.*?)\n\n/ms.exec(module.text) ?? [];
  const { matrices: _asked, caches: _wanted, ...facts } = programFacts(program);
  return {
    ...facts,
    ...stateFacts(() => checkStateOptions(wanted, resolved)),
    'weights in the module': counted(lowered.parameters.map(({ dtype }) => dtype)),
    'caches in the module': [...new Set(caches.match(/ttnn\.\w+/g))].join(', '),
    'ttnn calls': `${[...module.text.matchAll(/ttnn\.[a-z_.]+\(/g)].length}`,
  };
}

/** `3 × q8_0, 1 × float32` */
function counted(items: readonly string[]): string {
  const kinds = [...new Set(items)].sort();
  return kinds.map((kind) => `${items.filter((item) => item === kind).length} × ${kind}`).join(', ');
}

function refusalOf(attempt: () => void): string | null {
  try {
    attempt();
    return null;
  } catch (error) {
    return `refused: ${messageOf(error)}`;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

interface Column {
  device: string;
  facts(hardware: HardwareConfig): Promise<Facts>;
}

const columns: Column[] = [
  { device: 'cpu', facts: (hardware) => runningFacts(cpuBackend, hardware) },
  { device: 'n150', facts: boardFacts },
  { device: 'reference', facts: (hardware) => runningFacts(referenceBackend, hardware) },
];

/** What changes by a setting; or why it is refused. */
async function effectOf({ facts, device }: Column, setting: Partial<HardwareConfig>, unset: Facts): Promise<string> {
  const hardware = { deviceType: device, ...setting };
  try {
    if (setting.deviceType !== undefined)
      await findDevice([cpuBackend, ttBackend(), referenceBackend], setting.deviceType);
    const changed = Object.entries(await facts(hardware)).filter(([name, fact]) => unset[name] !== fact);
    return changed.map(([name, fact]) => `${name}: ${fact}`).join('; ') || 'as when unset';
  } catch (error) {
    return `refused: ${messageOf(error)}`;
  }
}

test('every field of a hardware configuration shows an effect on each device, or is refused by name', async () => {
  const unset = await Promise.all(columns.map(({ device, facts }) => facts({ deviceType: device })));
  expect(Object.keys(settings).toSorted()).toEqual(Object.keys(hardwareConfigSchema.shape).toSorted());
  const rows: string[] = [];
  for (const [field, given] of Object.entries(settings)) {
    const effects = await Promise.all(
      given.map((setting) => Promise.all(columns.map((column, i) => effectOf(column, setting, unset[i] ?? {})))),
    );
    for (const [i, column] of columns.entries()) {
      const seen = effects.filter((row) => row[i] !== 'as when unset');
      // The evaluation by definition knows of meshes and limits alone.
      if (column.device !== 'reference') expect(seen.length, `${field} on ${column.device}`).toBeGreaterThan(0);
    }
    rows.push(...effects.map((row, i) => `| ${[code(given[i] ?? {}), ...row.map(cell)].join(' | ')} |`));
  }
  await expect(page(unset, rows)).toMatchFileSnapshot('../HARDWARE.md');
});

function page(unset: readonly Facts[], rows: readonly string[]): string {
  const shown = columns.map(({ device }, i) => {
    const facts = Object.entries(unset[i] ?? {}).filter(([name]) => name !== 'threads');
    return `- \`${device}\`: ${facts.map(([name, fact]) => `${name}: ${fact}`).join('; ')}.`;
  });
  return [
    '# What each field of a hardware configuration does',
    '',
    'Seen on a llama of 2 layers with float32 weights, placed by the factory: on a CPU, in the module that an n150 is given,',
    'and on the reference evaluation. A cell says what is another than with nothing set, which is:',
    '',
    ...shown,
    '',
    'Written by the test that checks it (`hardware-effects.test.ts`): run it with `-u` after a change. What each backend makes',
    'of all values is on its own page (`HARDWARE.md` of the package).',
    '',
    `| given | ${columns.map(({ device }) => device).join(' | ')} |`,
    `|---|${columns.map(() => '---|').join('')}`,
    ...rows,
    '',
  ].join('\n');
}

function code(setting: object): string {
  return `\`${Object.entries(setting)
    .map(([field, value]) => `${field}: ${JSON.stringify(value)}`)
    .join(', ')}\``;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
