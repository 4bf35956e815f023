import { buildModel } from '@tttv2/blocks';
import { type Graph, type GraphState, type Parameter, validate } from '@tttv2/graph';
import { type LayerKind, layerKindsOf, type ModelSpec } from '@tttv2/spec';
import { checkTensorParallelSize, dividesOver } from '../passes/check-tensor-parallel-size.ts';
import { selectRowsEarly } from '../passes/select-rows-early.ts';
import { tensorParallel } from '../passes/tensor-parallel.ts';
import { type ParameterRole, parameterRoles } from './parameter-roles.ts';

/** What one device holds of a parameter. */
export interface HeldParameter {
  /** Its canonical name, of the first layer that has it. */
  name: string;
  shape: readonly number[];
  roles: ReadonlySet<ParameterRole>;
}

/** A group of layers that are alike, or what stands before or after all layers. */
export interface Part {
  kind: 'embedding' | 'layers' | 'head';
  /** Which layers, counted from 0; empty for what is none. */
  layers: readonly number[];
  /** Of one layer. */
  parameters: readonly HeldParameter[];
  /** Of one layer. */
  states: readonly GraphState[];
}

/** A model on `devices` devices: what each of them holds and computes. */
export interface Layout {
  devices: number;
  parts: readonly Part[];
  /** Layers that are alike stand in it once: what is live at a time is the same. */
  graph: Graph;
  /** Those that are alike stand in it up to three times, as the first, the last, and between: a device lays it out as the whole. */
  shortened: Graph;
}

/** Lays a model out over devices, as the passes do. */
export class ModelLayouts {
  readonly #graph: Graph;
  readonly #shortened: Graph;
  readonly #layers: readonly (readonly number[])[];
  readonly #known = new Map<number, Layout>();

  constructor(spec: ModelSpec) {
    const kinds = layerKindsOf(spec);
    const of = (folded: readonly LayerKind[]) =>
      buildModel({ ...spec, numLayers: folded.length, layers: folded.map((kind) => kind.spec) });
    this.#layers = kinds.map(({ layers }) => layers);
    // Rows are not selected early: it would spare the last layer, which here stands for all that are like it.
    this.#graph = of(kinds);
    const atLeast = (count: number) => kinds.filter(({ layers }) => layers.length >= count);
    this.#shortened = selectRowsEarly(of([...kinds, ...atLeast(2), ...atLeast(3)]));
  }

  /** @throws UnsupportedHardwareError when the model cannot be cut over so many. */
  on(devices: number, device: string): Layout {
    const known = this.#known.get(devices);
    if (known !== undefined) return known;
    if (devices > 1) checkTensorParallelSize(this.#graph, devices, device);
    const cut = (graph: Graph) => (devices === 1 ? graph : validate(tensorParallel(graph, devices)));
    const graph = cut(this.#graph);
    const layout = { devices, parts: this.#partsOf(graph), graph, shortened: cut(this.#shortened) };
    this.#known.set(devices, layout);
    return layout;
  }

  /** The most of `devices` devices that the model can be cut over. */
  mostDevices(devices: number): number {
    const sizes = Array.from({ length: devices }, (_, i) => devices - i);
    return sizes.find((size) => size === 1 || dividesOver(this.#graph, size)) ?? 1;
  }

  #partsOf(graph: Graph): Part[] {
    const roles = parameterRoles(graph);
    const held = ([name, { shape, from }]: [string, Parameter]): HeldParameter & { key: string } => {
      const canonical = from ?? name;
      const [, layer] = /^layers\.(\d+)\./.exec(canonical) ?? [];
      const first =
        layer === undefined ? canonical : canonical.replace(layer, String(this.#layers[Number(layer)]?.[0]));
      return { key: groupOf(canonical), name: first, shape, roles: roles.get(name) ?? new Set() };
    };
    const parameters = Object.entries(graph.parameters).map(held);
    const part = (kind: Part['kind'], key: string, layers: readonly number[]): Part => ({
      kind,
      layers,
      parameters: parameters.filter((parameter) => parameter.key === key),
      states: Object.entries(graph.states).flatMap(([name, state]) => (groupOf(name) === key ? [state] : [])),
    });
    return [
      part('embedding', 'embedding', []),
      ...this.#layers.map((layers, i) => part('layers', `layers.${i}`, layers)),
      part('head', 'head', []),
    ];
  }
}

/** `embedding`, `layers.3`, `head` */
function groupOf(name: string): string {
  const [layer] = /^layers\.\d+/.exec(name) ?? [];
  return layer ?? (/^(embedding|positions)/.test(name) ? 'embedding' : 'head');
}
