import { elementCount, type GraphState } from '@tttv2/graph';
import { bytesOf, type DeviceStorage, type Dtype, dtypeForRows, type Precision, type WeightDtype } from '@tttv2/spec';
import { groupDtype } from '../passes/precision.ts';
import { storedAs } from '../passes/weight-dtype.ts';
import { inLayer } from './in-layer.ts';
import type { HeldParameter, Part } from './model-layout.ts';
import type { ParameterRole } from './parameter-roles.ts';
import { tiled } from './tiles.ts';

/** How a checkpoint stores a parameter, by its canonical name. */
export type StoredDtype = (parameter: string) => Dtype;

/** What is known of a model's weights. */
export interface KnownWeights {
  stored: StoredDtype;
  /** The type that a matrix is to be held in, where one is chosen for it alone. */
  chosen?(parameter: string): Dtype | null;
  /** Whether a parameter takes no memory when it is held like this. */
  isFree?(parameter: string, held: Dtype): boolean;
}

/** How matrices are to be held. */
export interface WeightDemand {
  weightDtype: WeightDtype | null;
  precision?: Precision | undefined;
}

/** The bytes of weights on one device, whatever they are used for. */
export interface HeldWeights {
  parts: readonly {
    kind: Part['kind'];
    /** Of each layer. */
    states: readonly GraphState[];
    /** One for each layer; `layer` is null for what is none. */
    layers: readonly { layer: number | null; weights: number }[];
  }[];
  /** All matrices are float32. */
  isExact: boolean;
}

/** How a device holds the parts of a model. */
export function heldWeights(
  parts: readonly Part[],
  storage: DeviceStorage,
  demand: WeightDemand,
  weights: KnownWeights,
): HeldWeights {
  const held = new Holding(storage, demand, weights);
  const matrices = parts.flatMap(({ parameters }) => parameters.filter((one) => one.roles.has('matrix')));
  return {
    parts: parts.map(({ kind, layers, parameters, states }) => {
      const bytesIn = (layer: number) =>
        sum(parameters, ({ name, ...one }) => held.bytes({ ...one, name: inLayer(name, layer) }));
      const only = () => [{ layer: null, weights: sum(parameters, (one) => held.bytes(one)) }];
      return {
        kind,
        states,
        layers: kind === 'layers' ? layers.map((layer) => ({ layer, weights: bytesIn(layer) })) : only(),
      };
    }),
    isExact: matrices.every((one) => held.dtype(one, 'matrix') === 'float32'),
  };
}

/** How a device holds parameters. */
class Holding {
  readonly #storage: DeviceStorage;
  readonly #weightDtype: WeightDtype | null;
  readonly #precision: Precision;
  readonly #weights: KnownWeights;

  constructor(storage: DeviceStorage, { weightDtype, precision = {} }: WeightDemand, weights: KnownWeights) {
    this.#storage = storage;
    this.#weightDtype = weightDtype;
    this.#precision = precision;
    this.#weights = weights;
  }

  /** In each of its roles; a table that is held as matrices are serves as both, but for what products read in a layout of its own. */
  bytes(parameter: HeldParameter): number {
    const isShared = this.#storage.tableDtype === null && parameter.roles.has('matrix');
    const roles = [...parameter.roles].filter((role) => role !== 'table' || !isShared);
    return sum(roles, (role) => {
      const shape = role === 'vector' ? parameter.shape : tiled(parameter.shape, this.#storage.tile);
      const dtype = this.dtype(parameter, role);
      const inLayout = role === 'matrix' ? this.#inLayout(dtype, shape) : null;
      const isFree = this.#weights.isFree?.(parameter.name, dtype) === true;
      const asItIs = isFree || (inLayout !== null && parameter.roles.size === 1) ? 0 : bytesOf(dtype, shape);
      return asItIs + (inLayout ?? 0);
    });
  }

  /** What a matrix takes in a layout for products; null where it has none. */
  #inLayout(dtype: Dtype, shape: readonly number[]): number | null {
    const [columns = 1, rows = 1, ...outer] = shape.toReversed();
    const kind = outer.length === 0 ? 'matrices' : 'experts';
    const layout = this.#storage.productLayouts.findLast(
      (one) => one.dtype === dtype && one.of === kind && rows % one.rows === 0 && columns % one.columns === 0,
    );
    if (layout === undefined) return null;
    return elementCount(shape) * (layout.bytes / (layout.rows * layout.columns));
  }

  dtype({ name, shape }: HeldParameter, role: ParameterRole): Dtype {
    const { vectorDtype, tableDtype, tile } = this.#storage;
    if (role === 'vector') return vectorDtype;
    if (role === 'table' && tableDtype !== null) return tableDtype;
    return dtypeForRows(this.#wanted(name), tiled(shape, tile).at(-1) ?? 1);
  }

  #wanted(parameter: string): Dtype {
    const ofGroup = groupDtype(parameter, this.#precision);
    if (ofGroup !== null) return ofGroup;
    if (this.#weightDtype !== null) return storedAs[this.#weightDtype];
    const { weightDtype } = this.#storage;
    const usual = weightDtype === null ? this.#weights.stored(parameter) : storedAs[weightDtype];
    return this.#weights.chosen?.(parameter) ?? usual;
  }
}

function sum<T>(items: readonly T[], term: (item: T) => number): number {
  return items.reduce((total, item) => total + term(item), 0);
}
