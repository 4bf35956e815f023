import type { MemoryPlan, PlanOptions } from '@tttv2/factory';
import type { DeviceSpec, ModelSpec } from '@tttv2/spec';
import type { Command, Read } from '../command.ts';
import { kvCacheDtype, pipelineParallelSize, precision, readPrecision, weightDtypeInput } from '../hardware-inputs.ts';
import { flag, orElse, shortCount, text, wholeNumber } from '../input.ts';
import { modelArgument } from '../model-argument.ts';
import type { Architecture } from '../open-architecture.ts';
import { print, printJson } from '../output.ts';
import type { Stored } from '../plan/show-plan.ts';
import { UsageError } from '../usage-error.ts';

const device = orElse(
  'cpu',
  text({ name: 'device', placeholder: 'NAME', about: 'a device of tttv2 devices, or a .json file that describes one' }),
);
const weightDtype = weightDtypeInput("the device's: as stored on a CPU, bfloat16 on boards");
const context = shortCount({
  name: 'context',
  placeholder: 'N',
  about: "tokens of a sequence, e.g. 8k for 8192; default: 2k, or all of a shorter model's",
});
const batch = orElse(1, wholeNumber({ name: 'batch', placeholder: 'N', min: 1, about: 'sequences at a time' }));
const tensorParallel = wholeNumber({
  name: 'tensor-parallel-size',
  placeholder: 'N',
  min: 1,
  about: "devices to cut the model over; default: as many of the board's as it can be cut over",
});
const all = flag({ name: 'all', about: 'a line for each device that is known' });
const json = flag({ name: 'json', about: 'prints the same as JSON' });

/** Of weights that are not there, where their configuration does not say it. */
const assumedDtype = 'bfloat16';

/** What the command returns when nothing that was asked about fits. */
const doesNotFit = 3;

export const plan: Command = {
  about:
    'Says whether a model fits on a device, and what would, from its headers alone: neither weights nor the device need be here. Ends with 0 when it fits (with --all: on some device), 3 when it does not, 2 when the device is unknown.',
  inputs: [
    modelArgument,
    device,
    weightDtype,
    kvCacheDtype,
    precision,
    context,
    batch,
    tensorParallel,
    pipelineParallelSize,
    all,
    json,
  ],
  examples: [
    { line: 'plan ./config.json --device n300 --weight-dtype bfloat8_b --context 8k', about: 'on both its chips' },
    { line: 'plan smollm2-135m-instruct --all --batch 4', about: 'on every device' },
  ],
  async run(read, signal) {
    const [{ openArchitecture }, { planMemory }, { activationBytes, plannedDevice, plannedDevices, precisionOn }] =
      await Promise.all([
        import('../open-architecture.ts'),
        import('@tttv2/factory'),
        import('../plan/planned-devices.ts'),
      ]);
    const known = await plannedDevices();
    const chosen = await plannedDevice(read(device), known);
    await using model = await openArchitecture(read(modelArgument), signal, { assumeOnes: true });
    const options = { ...(await readOptions(read, model)), others: known, activationBytes };
    const asked = readPrecision(read(precision));
    const planOn = (each: DeviceSpec) => {
      const groups = precisionOn(each, asked);
      return planMemory(model.spec, each, groups === null ? options : { ...options, precision: groups });
    };
    if (read(all)) {
      const devices = known.includes(chosen) ? known : [...known, chosen];
      return showAll(model, devices, planOn, read(json));
    }
    const planned = planOn(chosen);
    const { showPlan } = await import('../plan/show-plan.ts');
    if (read(json)) printJson({ ...planned, stored: storedIn(model) });
    else print(showPlan(model.name, planned, storedIn(model)));
    return planned.fits ? 0 : doesNotFit;
  },
};

/** How weights are stored that are not there; null where they are, each in its own type. */
function storedIn({ randomSeed, dtype }: Architecture): Stored | null {
  if (randomSeed === null) return null;
  return dtype === null ? { dtype: assumedDtype, isAssumed: true } : { dtype, isAssumed: false };
}

async function readOptions(read: Read, { spec, weights, randomSeed, dtype }: Architecture): Promise<PlanOptions> {
  const { dtypeOf } = await import('@tttv2/graph');
  const [weightType, cacheType] = [read(weightDtype), read(kvCacheDtype)];
  const [devices, stages] = [read(tensorParallel), read(pipelineParallelSize)];
  return {
    context: readContext(read, spec),
    batch: read(batch),
    ...(weightType === undefined ? {} : { weightDtype: weightType }),
    ...(cacheType === undefined ? {} : { kvCacheDtype: cacheType }),
    ...(devices === undefined ? {} : { tensorParallelSize: devices }),
    ...(stages === undefined ? {} : { pipelineParallelSize: stages }),
    stored: (name) => (randomSeed === null ? dtypeOf(weights.describe(name)) : (dtype ?? assumedDtype)),
  };
}

function readContext(read: Read, { maxSeqLen }: ModelSpec): number {
  const longest = maxSeqLen ?? Number.POSITIVE_INFINITY;
  const tokens = read(context) ?? Math.min(2048, longest);
  if (tokens <= longest) return tokens;
  throw new UsageError(`--context: the model has a context of ${longest} tokens, found ${tokens}`);
}

async function showAll(
  { name }: Architecture,
  devices: readonly DeviceSpec[],
  planOn: (device: DeviceSpec) => MemoryPlan,
  isJson: boolean,
): Promise<number> {
  const [{ TttError }, { showMatrix }] = await Promise.all([import('@tttv2/spec'), import('../plan/show-plan.ts')]);
  const rows = devices.map((each) => {
    try {
      return { device: each.name, plan: planOn(each) };
    } catch (error) {
      // What one device refuses another may have.
      if (TttError.isInstance(error)) return { device: each.name, plan: error.message };
      throw error;
    }
  });
  if (isJson)
    printJson(
      rows.map(({ device: of, plan: found }) => (typeof found === 'string' ? { device: of, refused: found } : found)),
    );
  else print(showMatrix(name, rows));
  return rows.some(({ plan: found }) => typeof found !== 'string' && found.fits) ? 0 : doesNotFit;
}
