import type { Alternative, MemoryPlan, Misfit, PartNeed, PlannedDevice } from '@tttv2/factory';
import type { Precision } from '@tttv2/spec';
import { showRanges } from '../ranges.ts';
import { showBytes } from '../units.ts';
import { wrap } from '../wrap.ts';

const width = 80;
/** Of a row's name, of each of its two sizes, and of its bar: with indentation 80 together. */
const columns = { name: 20, bytes: 11, bar: 34 };

/** How a configuration says that weights are stored, or how they are taken where it does not. */
export interface Stored {
  dtype: string;
  isAssumed: boolean;
}

/** A plan for people, in 80 columns. `name` is the model's; `stored` is null where its weights say themselves how they are stored. */
export function showPlan(name: string, plan: MemoryPlan, stored: Stored | null): string {
  const { device, need, misfit } = plan;
  return [
    ...wrap(`${name} on ${device.name} (${device.description}): ${plan.fits ? 'fits' : 'does not fit'}`, width),
    ...wrap(settingsOf(plan, stored), width),
    ...wrap(placeOf(device), width),
    '',
    row('', 'weights', need.parts.some(({ states }) => states > 0) ? 'cache' : '', '').trimEnd(),
    ...groupsOf(need.parts).map((group) => sizes(group.name, group.weights, group.states, device)),
    ...[['activations', need.activations] as const, ['reserved', need.reserved] as const].map(([what, bytes]) =>
      row(what, showBytes(bytes), '', barOf(bytes, device)),
    ),
    sizes('together', need.total, 0, device),
    '',
    ...(misfit === null ? [] : [...wrap(`first without room: ${misfitOf(misfit)}`, width), '']),
    ...wrap(largestOf(plan), width),
    ...alternativesOf(plan.alternatives, device),
  ].join('\n');
}

/** A line for each device, for people. */
export function showMatrix(name: string, rows: readonly { device: string; plan: MemoryPlan | string }[]): string {
  const cells = (...[device, verdict, needed, of, context, batch]: string[]) =>
    [
      (device ?? '').padEnd(14),
      (verdict ?? '').padEnd(6),
      ...[needed, of, context, batch].map((cell) => (cell ?? '').padStart(13)),
    ]
      .join(' ')
      .trimEnd();
  return [
    name,
    cells('', '', 'a device needs', 'of', 'most context', 'most batch'),
    ...rows.map(({ device, plan }) =>
      typeof plan === 'string'
        ? `${device.padEnd(14)} ${plan}`
        : cells(
            device,
            plan.fits ? 'fits' : 'no',
            showBytes(plan.need.total),
            `${deviceCount(plan.device)}${showBytes(plan.device.memoryBytes)}`,
            showCountOf(plan.largest.context),
            showCountOf(plan.largest.batch),
          ),
    ),
  ].join('\n');
}

function deviceCount({ tensorParallelSize, pipelineParallelSize }: PlannedDevice): string {
  const used = tensorParallelSize * pipelineParallelSize;
  return used === 1 ? '' : `${used} × `;
}

function settingsOf(
  { weightDtype, need, demand: { context, batch, precision } }: MemoryPlan,
  stored: Stored | null,
): string {
  const weights = weightDtype === null ? `weights as they are stored${storedAs(stored)}` : `weights in ${weightDtype}`;
  const sequences = batch === 1 ? 'a sequence' : `${batch} sequences`;
  return `${weights}${groupsIn(precision)}, cache in ${need.kvCacheDtype}, ${sequences} of ${context} tokens`;
}

/** Those that are held in another type than the rest. */
function groupsIn({ kv_cache: _, activation, ...groups }: Precision = {}): string {
  const named = [...Object.entries(groups), ...(activation === undefined ? [] : [['activations', activation]])];
  return named.map(([group, dtype]) => `, ${group} in ${dtype}`).join('');
}

function storedAs(stored: Stored | null): string {
  if (stored === null) return '';
  return stored.isAssumed ? ` (taken for ${stored.dtype}: nothing says how)` : ` (${stored.dtype})`;
}

function placeOf({
  devices,
  tensorParallelSize: used,
  pipelineParallelSize: stages,
  memoryBytes,
}: PlannedDevice): string {
  const bytes = showBytes(memoryBytes);
  if (devices === 1) return `${bytes} of memory`;
  if (stages > 1)
    return `in ${stages} stages on ${used} of its ${devices} devices each, ${bytes} each; sizes are those of one device of the fullest stage`;
  const cut = used === devices ? `cut over its ${devices} devices` : `cut over ${used} of its ${devices} devices`;
  return `${cut}, ${bytes} each; sizes are those of one device`;
}

interface Group {
  name: string;
  weights: number;
  states: number;
}

/** Layers that take the same are one group. */
function groupsOf(parts: readonly PartNeed[]): Group[] {
  const groups = new Map<string, { first: PartNeed; layers: number[] }>();
  for (const part of parts) {
    const key = [part.kind, part.weights, part.states].join();
    const group = groups.get(key) ?? { first: part, layers: [] };
    if (part.layer !== null) group.layers.push(part.layer);
    groups.set(key, group);
  }
  return [...groups.values()].map(({ first: { kind, weights, states }, layers }) => {
    const count = Math.max(layers.length, 1);
    return { name: nameOf(kind, layers), weights: weights * count, states: states * count };
  });
}

function nameOf(kind: PartNeed['kind'], layers: readonly number[]): string {
  if (kind !== 'layers') return kind;
  const name = `layer${layers.length === 1 ? '' : 's'} ${showRanges(layers)}`;
  return name.length < columns.name ? name : `${layers.length} layers from ${layers[0]}`;
}

function sizes(name: string, weights: number, states: number, device: PlannedDevice): string {
  return row(name, showBytes(weights), states === 0 ? '' : showBytes(states), barOf(weights + states, device));
}

function row(name: string, weights: string, states: string, bar: string): string {
  const { name: nameWidth, bytes } = columns;
  return `  ${name.padEnd(nameWidth)}${weights.padStart(bytes)}${states.padStart(bytes)}  ${bar}`.trimEnd();
}

/** As much of the bar as of the device's memory; an arrow where it is more than all of it. */
function barOf(bytes: number, { memoryBytes }: PlannedDevice): string {
  const filled = Math.round((bytes / memoryBytes) * columns.bar);
  if (bytes > memoryBytes) return `${'█'.repeat(columns.bar - 1)}▶`;
  return '█'.repeat(filled) + '·'.repeat(columns.bar - filled);
}

function misfitOf({ what, part, layer, wanted, available }: Misfit): string {
  const place = layer === null ? `the ${part}` : `layer ${layer}`;
  const names: Readonly<Record<Misfit['what'], string>> = {
    reserved: 'what is reserved',
    weights: `weights of ${place}`,
    states: `cache of ${place}`,
    activations: 'activations',
  };
  return `${names[what]}, ${showBytes(wanted)}, when ${showBytes(available)} are left`;
}

function largestOf({ largest, demand }: MemoryPlan): string {
  if (largest.context === 0 && largest.batch === 0) return 'no context fits, and no batch';
  const sequences = demand.batch === 1 ? 'one sequence' : `${demand.batch} sequences`;
  return `fits: ${showCountOf(largest.context)} tokens of ${sequences}, ${showCountOf(largest.batch)} sequences of ${demand.context} tokens`;
}

function showCountOf(count: number): string {
  return count === 0 ? 'none' : `up to ${count}`;
}

function alternativesOf(alternatives: readonly Alternative[], { memoryBytes }: PlannedDevice): string[] {
  if (alternatives.length === 0) return [];
  const line = (alternative: Alternative) => {
    const { total, device } = alternative;
    const of = showBytes(device?.memoryBytes ?? memoryBytes);
    return `  ${optionsOf(alternative).padEnd(50)}  ${showBytes(total)} of ${of}`;
  };
  return ['', 'what fits instead:', ...alternatives.map(line)];
}

/** As the command line takes it. */
function optionsOf({ weightDtype, kvCacheDtype, context, device }: Alternative): string {
  return [
    ...(weightDtype === null ? [] : [`--weight-dtype ${weightDtype}`]),
    ...(kvCacheDtype === null ? [] : [`--kv-cache-dtype ${kvCacheDtype}`]),
    ...(context === null ? [] : [`--context ${context}`]),
    ...(device === null ? [] : [`--device ${device.name}`]),
  ].join(' ');
}
