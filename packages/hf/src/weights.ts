import { dtypeOf, shapeOf, type WeightExpr, type WeightSource } from '@tttv2/graph';
import { type Dtype, type ModelSpec, WeightMismatchError } from '@tttv2/spec';
import type { Checkpoint } from './checkpoint/checkpoint.ts';
import { closeFiles } from './checkpoint/open-files.ts';
import { expectedParameters } from './expected-parameters.ts';
import type { Quantisation } from './quantisation.ts';
import type { ConversionReport } from './report.ts';
import { unpackedTensors } from './unpacked-tensors.ts';
import { layoutExpr, type PlacedParameter, placed, storedShape, tensorsOf } from './weight-layout.ts';
import { parameterName, placesOf, splitLayer, tensorName, type WeightNames } from './weight-names.ts';

/** What a family says of the tensors of its checkpoints. */
export interface TensorRules {
  readonly weights: WeightNames;
  readonly ignoredTensors: Readonly<Record<string, string>>;
}

export interface BoundWeights {
  weights: WeightSource;
  ignored: ConversionReport['ignoredTensors'];
}

/**
 * Finds every parameter of a model in a checkpoint. Says which tensors it left out, too.
 * @throws WeightMismatchError when one is missing or not as the model needs it, or a tensor belongs to none.
 */
export function bindWeights(
  spec: ModelSpec,
  rules: TensorRules,
  checkpoint: Checkpoint,
  quantisation: Quantisation | null = null,
): BoundWeights {
  const tensors = unpackedTensors(checkpoint, quantisation);
  const bound = new Map<string, WeightExpr>();
  const mismatch: Mismatch = { missing: [], unused: [], wrong: [] };
  const used = new Set<string>();
  const parameters = expectedParameters(spec);
  for (const name of parameters.keys()) {
    const places = placesOf(rules.weights, name).map((layout) => placed(layout, name, { spec, parameters }));
    const parameter = placeIn(tensors, places) ?? placed({ tensor: name }, name, { spec, parameters });
    const expected = storedShape(parameter);
    const found: WeightExpr[] = [];
    for (const tensor of tensorsOf(parameter)) {
      const expr = tensors.get(tensor);
      if (expr === undefined) mismatch.missing.push(`${tensor} (${name})`);
      else if (fits(expr, expected)) found.push(shaped(expr, expected));
      else if (!used.has(tensor))
        mismatch.wrong.push({ name: tensor, expected: show('float', expected), found: shown(expr) });
      used.add(tensor);
    }
    bound.set(name, layoutExpr(parameter, found));
  }
  const ignored = new Map<string, { tensors: string; count: number; why: string }>();
  for (const tensor of tensors.keys()) {
    if (used.has(tensor)) continue;
    const reason = whyIgnored(tensor, spec, rules);
    if (reason === null) mismatch.unused.push(described(tensor, rules));
    else ignored.set(reason.tensors, { ...reason, count: 1 + (ignored.get(reason.tensors)?.count ?? 0) });
  }
  refuse(mismatch, checkpoint);
  return { weights: new CheckpointWeights(bound, checkpoint), ignored: [...ignored.values()] };
}

/**
 * The first place of which the checkpoint has a tensor, of the shape it should have if one has: some lie one way on the
 * hub, and the other way as transformers writes them. Without any, the usual one: that is what is missing.
 */
function placeIn(
  tensors: ReadonlyMap<string, WeightExpr>,
  places: readonly PlacedParameter[],
): PlacedParameter | undefined {
  const found = places.filter((place) => tensorsOf(place).some((tensor) => tensors.has(tensor)));
  const isFitting = (place: PlacedParameter) =>
    tensorsOf(place).every((tensor) => {
      const expr = tensors.get(tensor);
      return expr !== undefined && fits(expr, storedShape(place));
    });
  return found.find(isFitting) ?? found[0] ?? places[0];
}

interface Mismatch {
  missing: string[];
  unused: string[];
  wrong: { name: string; expected: string; found: string }[];
}

const notNumbers = new Set<Dtype>(['int64', 'int32', 'int16', 'int8', 'uint8', 'bool', 'float8_e8m0']);

/** Dimensions of one change nothing: convolutions of single channels lie as `[C, 1, K]`. */
function fits(expr: WeightExpr, expected: readonly number[]): boolean {
  const wide = (dims: readonly number[]) => dims.filter((dim) => dim !== 1).join();
  return wide(shapeOf(expr)) === wide(expected) && !notNumbers.has(dtypeOf(expr));
}

function shaped(of: WeightExpr, shape: number[]): WeightExpr {
  if (of.kind === 'stored') return { ...of, shape };
  return shapeOf(of).join() === shape.join() ? of : { kind: 'reshape', of, shape };
}

/** Null when there is no reason to leave a tensor out. */
function whyIgnored(
  tensor: string,
  spec: ModelSpec,
  { weights, ignoredTensors }: TensorRules,
): { tensors: string; why: string } | null {
  if (spec.tieEmbeddings && tensor === tensorName(weights, 'lmHead.weight'))
    return { tensors: tensor, why: 'the head is tied: it is the embedding once more' };
  const { pattern, layer } = splitLayer(tensor);
  const called = Number(layer) < spec.numLayers ? pattern : pattern.replace('{i}', '{next}');
  const found = Object.entries(ignoredTensors).find(([name]) =>
    name.endsWith('*') ? called.startsWith(name.slice(0, -1)) : name === called,
  );
  return found === undefined ? null : { tensors: found[0], why: found[1] };
}

/** With the parameter that it would be, if the model had it: a bias, say, that the config denies. */
function described(tensor: string, { weights }: TensorRules): string {
  const parameter = parameterName(weights, tensor);
  return parameter === null ? tensor : `${tensor} (${parameter})`;
}

function refuse({ missing, unused, wrong }: Mismatch, checkpoint: Checkpoint): void {
  const problems = [
    ...list(missing, 'missing'),
    ...list(unused, 'not part of the model'),
    ...list(
      wrong.map(({ name, expected, found }) => `${name} is ${found} and should be ${expected}`),
      'wrong',
    ),
  ];
  if (problems.length === 0) return;
  const [file = '', ...others] = checkpoint.files.keys();
  const where = others.length === 0 ? file : `${file} and ${others.length} more`;
  const message = `${where}: the weights are not those of the config. ${problems.join('; ')}: do they belong together?`;
  throw new WeightMismatchError({ message, missing, unused, wrong });
}

const shownAtMost = 3;

function list(names: readonly string[], problem: string): string[] {
  if (names.length === 0) return [];
  const more = names.length > shownAtMost ? ', …' : '';
  const count = names.length === 1 ? '1 tensor is' : `${names.length} tensors are`;
  return [`${count} ${problem}: ${names.slice(0, shownAtMost).join(', ')}${more}`];
}

function show(dtype: string, shape: readonly number[]): string {
  return `${dtype} [${shape.join(', ')}]`;
}

function shown(expr: WeightExpr): string {
  return show(dtypeOf(expr), shapeOf(expr));
}

class CheckpointWeights implements WeightSource {
  readonly files: Checkpoint['files'];
  readonly #bound: ReadonlyMap<string, WeightExpr>;

  constructor(bound: ReadonlyMap<string, WeightExpr>, { files }: Checkpoint) {
    this.files = files;
    this.#bound = bound;
  }

  names(): readonly string[] {
    return [...this.#bound.keys()];
  }

  describe(name: string): WeightExpr {
    const found = this.#bound.get(name);
    if (found !== undefined) return found;
    throw new WeightMismatchError({ message: `the model has no parameter "${name}"`, missing: [name] });
  }

  close(): Promise<void> {
    return closeFiles(this.files);
  }
}
