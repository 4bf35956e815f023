import type { ModelSpec } from '@tttv2/spec';
import { showRanges } from './ranges.ts';

/** A field in which two specifications differ, in the words of each; `layers` are those in which they do so. */
export interface FieldDifference {
  /** `hiddenDim`, or within a layer `mixer.numHeads`. */
  path: string;
  layers: number[] | null;
  a: unknown;
  b: unknown;
}

/**
 * Field by field, what is not the same. A layer is held against the one of the same number; layers that differ alike are one
 * difference, and those that only one model has are told by `numLayers`.
 */
export function diffSpecs(a: ModelSpec, b: ModelSpec): FieldDifference[] {
  const { layers: layersA, ...restA } = a;
  const { layers: layersB, ...restB } = b;
  const whole = [...compare(restA, restB, '')].map((difference) => ({ ...difference, layers: null }));
  const byContent = new Map<string, FieldDifference & { layers: number[] }>();
  layersA.slice(0, layersB.length).forEach((layer, i) => {
    for (const difference of compare(layer, layersB[i], '')) {
      const key = JSON.stringify(difference);
      const known = byContent.get(key) ?? { ...difference, layers: [] };
      known.layers.push(i);
      byContent.set(key, known);
    }
  });
  return [...whole, ...byContent.values()];
}

type Difference = Omit<FieldDifference, 'layers'>;

function* compare(a: unknown, b: unknown, path: string): Generator<Difference> {
  if (isRecord(a) && isRecord(b)) {
    for (const name of new Set([...Object.keys(a), ...Object.keys(b)]))
      yield* compare(a[name], b[name], path === '' ? name : `${path}.${name}`);
  } else if (JSON.stringify(a) !== JSON.stringify(b)) yield { path, a, b };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A difference in a line: `layers 0–29  mixer.numHeads  9 → 16`. */
export function showDifference({ path, layers, a, b }: FieldDifference): string {
  const where = layers === null ? '' : `layer${layers.length === 1 ? '' : 's'} ${showRanges(layers)}  `;
  return `${where}${path}  ${show(a)} → ${show(b)}`;
}

/** Nothing is shown as a dash: one of the two has no such field. */
function show(value: unknown): string {
  return value === undefined ? '–' : JSON.stringify(value);
}
