import { asView, dtypeOf, type Program, type WeightSource } from '@tttv2/graph';
import { type DeviceSpec, DoesNotFitError, type Dtype, type HardwareConfig, type ModelSpec } from '@tttv2/spec';
import { findAlternatives } from './alternatives.ts';
import { ModelLayouts } from './model-layout.ts';
import { Planner } from './planner.ts';

/**
 * Refuses a model whose weights, with a cache of one token, are more than a device's memory, where that is known. Nothing else is counted,
 * and no weight that may stay in its file: what might run is let through.
 * @throws DoesNotFitError that says what would fit.
 */
export function checkMemory(
  spec: ModelSpec,
  device: DeviceSpec,
  hardware: HardwareConfig,
  { program, weights }: { program: Program; weights: WeightSource },
): void {
  if (device.memoryBytes === null) return;
  // Layouts for products can be done without (`optimizeForInference`).
  const asStored = { ...device, storage: { ...device.storage, productLayouts: [] } };
  const { mapsFiles } = device.storage;
  const isFree = (parameter: string, held: Dtype) => mapsFiles && isMapped(weights, parameter, held);
  const stored = (parameter: string) => dtypeOf(weights.describe(parameter));
  const planner = new Planner(new ModelLayouts(spec), { stored, chosen: chosenIn(program), isFree });
  const on = planner.place(asStored, { ...hardware, tensorParallelSize: hardware.tensorParallelSize ?? 1 });
  const demand = { weightDtype: null, kvCacheDtype: hardware.kvCacheDtype ?? null, context: 1, batch: 1 };
  const need = planner.need(on, demand);
  const wanted = need.weights + need.states;
  const available = on.planned.memoryBytes;
  if (wanted <= available) return;
  const [alternative] = findAlternatives(planner, on, demand, []);
  const dtype = alternative?.weightDtype;
  const most = planner.place(asStored, { pipelineParallelSize: hardware.pipelineParallelSize });
  const remedies = [
    ...(dtype === undefined || dtype === null ? [] : [`weightDtype "${dtype}"`]),
    ...(planner.fits(most, demand) ? [`a tensorParallelSize of ${most.planned.tensorParallelSize}`] : []),
  ];
  const remedy = remedies.length === 0 ? 'use a device with more memory' : `what fits is ${remedies.join(', or ')}`;
  const message = `${device.name}: the model takes ${wanted} bytes, but there are ${available}: ${remedy}`;
  throw new DoesNotFitError({ message, wanted, available, unit: 'bytes' });
}

/** What the passes have chosen, of parameters by their canonical names. */
function chosenIn({ stages }: Program): (parameter: string) => Dtype | null {
  const parameters = stages.flatMap((stage) => Object.entries(stage.parameters));
  const chosen = new Map(
    parameters.flatMap(([name, { from, stored, parts }]) =>
      (parts ?? [{ from }]).map((part) => [part.from ?? name, stored] as const),
    ),
  );
  return (parameter) => chosen.get(parameter) ?? null;
}

/** Its bytes lie in a file of this machine as they are to be held. */
function isMapped(weights: WeightSource, parameter: string, held: Dtype): boolean {
  const view = asView(weights.describe(parameter));
  return view !== null && view.dtype === held && weights.files.get(view.file)?.path !== null;
}
