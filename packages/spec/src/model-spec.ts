import { z } from 'zod';
import { isDeepEqual } from './deep-equal.ts';
import { type InlineLayerSpec, type LayerSpec, layerSpecSchema, type MixerSpec } from './layer-spec.ts';
import { type NormSpec, normSpecSchema } from './norm-spec.ts';
import { positive, positiveInt } from './numbers.ts';
import { parseWith } from './parse.ts';
import { positionAxesOf, type RopeScaling, type RopeSpec, ropeSpecSchema } from './rope-spec.ts';

const baseModelSchema = z.strictObject({
  specVersion: z.literal(1),
  kind: z.literal('decoder'),
  vocabSize: positiveInt,
  hiddenDim: positiveInt,
  numLayers: positiveInt,
  /** Longest sequence in tokens; null where the family states none, or where RoPE scaling is `dynamic`. */
  maxSeqLen: positiveInt.nullable(),
  /** Axes of a position: 1, or 3 (time, height, width) for multimodal rotary positions. */
  positionAxes: z.union([z.literal(1), z.literal(3)]),
  /** Inputs besides text; none yet. */
  modalities: z.array(z.never()),
  /** Rotary tables by name, shared by the layers that name them. */
  ropeTables: z.record(z.string(), ropeSpecSchema),
  /** Multiplies the embedding of each token. */
  embeddingScale: positive.default(1),
  /** Normalises what the layers are given (BLOOM). */
  embeddingNorm: normSpecSchema.nullable().default(null),
  /** A table of `size` positions whose rows are added to the embeddings; null where positions are only rotary. */
  learnedPositions: z.strictObject({ size: positiveInt }).nullable().default(null),
  layers: z.array(layerSpecSchema),
  finalNorm: normSpecSchema.nullable(),
  /** The head uses the embedding's weights. */
  tieEmbeddings: z.boolean(),
  /** A bias on the head, tied or not. */
  useBiasHead: z.boolean().default(false),
  /** Multiplies the logits (Cohere; Granite divides). */
  logitScale: positive.default(1),
  /** After that, bounds them: `c · tanh(logit / c)` (Gemma 2). */
  logitSoftcap: positive.nullable().default(null),
});
type ModelShape = z.infer<typeof baseModelSchema>;

/** What a model is: pure data that leaves nothing for a backend to guess. */
export const modelSpecSchema = baseModelSchema.superRefine(checkModel);
export type ModelSpec = z.infer<typeof modelSpecSchema>;

export interface ModelOptions {
  vocabSize: number;
  hiddenDim: number;
  /** Default: as many as `layers`. */
  numLayers?: number;
  layers: readonly (LayerSpec | InlineLayerSpec)[];
  /** Default: as many as there are learned positions, else 2048; null with `dynamic` RoPE scaling. */
  maxSeqLen?: number | null;
  /** Applied to every rotary table that does not scale already. */
  ropeScaling?: RopeScaling | null;
  /** Tables that `layers` name; inline tables are added to them. */
  ropeTables?: Readonly<Record<string, RopeSpec>>;
  /** Default: the norm of the first layer, without what is special about it. */
  finalNorm?: NormSpec | null;
  /** Default false. */
  tieEmbeddings?: boolean;
  /** Default 1. */
  embeddingScale?: number;
  /** Default none. */
  embeddingNorm?: NormSpec | null;
  /** Default none. */
  learnedPositions?: { size: number } | null;
  /** Default false. */
  useBiasHead?: boolean;
  /** Default 1. */
  logitScale?: number;
  /** Default none. */
  logitSoftcap?: number | null;
}

/** A resolved model from layers. @throws SpecError that names the path of what is wrong or contradictory. */
export function modelSpec(options: ModelOptions): ModelSpec {
  const tables = new RopeTables(options.ropeTables ?? {});
  const layers = options.layers.map((layer) => tables.resolve(layer));
  const ropeTables = tables.scaled(options.ropeScaling ?? { kind: 'default' });
  const isUnbounded = Object.values(ropeTables).some(({ scaling }) => scaling.kind === 'dynamic');
  const longest = options.learnedPositions?.size ?? 2048;
  return parseModelSpec({
    specVersion: 1,
    kind: 'decoder',
    vocabSize: options.vocabSize,
    hiddenDim: options.hiddenDim,
    numLayers: options.numLayers ?? layers.length,
    maxSeqLen: options.maxSeqLen === undefined ? (isUnbounded ? null : longest) : options.maxSeqLen,
    positionAxes: Object.values(ropeTables).some(({ mrope }) => mrope !== undefined) ? 3 : 1,
    modalities: [],
    ropeTables,
    embeddingScale: options.embeddingScale ?? 1,
    embeddingNorm: options.embeddingNorm ?? null,
    learnedPositions: options.learnedPositions ?? null,
    layers,
    finalNorm: options.finalNorm === undefined ? firstNorm(layers) : options.finalNorm,
    tieEmbeddings: options.tieEmbeddings ?? false,
    useBiasHead: options.useBiasHead ?? false,
    logitScale: options.logitScale ?? 1,
    logitSoftcap: options.logitSoftcap ?? null,
  });
}

/** Reads a resolved specification from data, e.g. JSON. @throws SpecError that names the path. */
export function parseModelSpec(data: unknown): ModelSpec {
  return parseWith(modelSpecSchema, data);
}

/** Collects the inline tables of layers under names; equal tables share one. */
class RopeTables {
  readonly #tables: Map<string, RopeSpec>;

  constructor(tables: Readonly<Record<string, RopeSpec>>) {
    this.#tables = new Map(Object.entries(tables));
  }

  resolve(layer: LayerSpec | InlineLayerSpec): LayerSpec {
    const { mixer } = layer;
    if (mixer === null || !('rope' in mixer)) return { ...layer, mixer };
    const { rope } = mixer;
    return { ...layer, mixer: { ...mixer, rope: rope === null || typeof rope === 'string' ? rope : this.#name(rope) } };
  }

  scaled(scaling: RopeScaling): Record<string, RopeSpec> {
    const scale = (rope: RopeSpec): RopeSpec => (rope.scaling.kind === 'default' ? { ...rope, scaling } : rope);
    return Object.fromEntries([...this.#tables].map(([name, rope]) => [name, scale(rope)]));
  }

  #name(rope: RopeSpec): string {
    for (const [name, known] of this.#tables) if (isDeepEqual(known, rope)) return name;
    const name = this.#tables.size === 0 ? 'main' : `table${this.#tables.size}`;
    this.#tables.set(name, rope);
    return name;
  }
}

function firstNorm(layers: readonly LayerSpec[]): NormSpec | null {
  const norms = layers[0]?.norms;
  return norms?.preMixer ?? norms?.postMixer ?? norms?.preFfn ?? norms?.postFfn ?? null;
}

function checkModel(model: ModelShape, context: z.RefinementCtx<ModelShape>): void {
  const fail = (path: (string | number)[], message: string) => context.addIssue({ code: 'custom', path, message });
  if (model.layers.length !== model.numLayers) {
    fail(['numLayers'], `is ${model.numLayers}, but there are ${model.layers.length} layers`);
  }
  model.layers.forEach(({ mixer, ffn }, i) => {
    const { hiddenDim } = model;
    if (mixer !== null && mixer.hiddenDim !== hiddenDim)
      fail(['layers', i, 'mixer', 'hiddenDim'], `is ${mixer.hiddenDim}, but the model's is ${hiddenDim}`);
    if (ffn !== null && ffn.hiddenDim !== hiddenDim)
      fail(['layers', i, 'ffn', 'hiddenDim'], `is ${ffn.hiddenDim}, but the model's is ${hiddenDim}`);
    if (mixer?.kind === 'mla' && mixer.selection?.kind === 'shared')
      checkShared(model, i, mixer.selection.topK, (message) => fail(['layers', i, 'mixer', 'selection'], message));
    if (mixer?.kind === 'attention' && mixer.alibiSlopes !== null && model.positionAxes !== 1)
      fail(['layers', i, 'mixer', 'alibiSlopes'], `must be null: positions have ${model.positionAxes} axes`);
    if (mixer !== null && 'rope' in mixer && mixer.rope !== null)
      checkRope(model, mixer.rope, turnedDims(mixer), (message) => fail(['layers', i, 'mixer', 'rope'], message));
  });
  const { learnedPositions, maxSeqLen } = model;
  if (learnedPositions !== null && (maxSeqLen === null || maxSeqLen > learnedPositions.size)) {
    fail(['maxSeqLen'], `is ${maxSeqLen}, but there are ${learnedPositions.size} learned positions`);
  }
  if (learnedPositions !== null && model.positionAxes !== 1)
    fail(['learnedPositions'], `must be null: positions have ${model.positionAxes} axes`);
  for (const [name, rope] of Object.entries(model.ropeTables)) {
    const axes = positionAxesOf(rope);
    if (axes !== model.positionAxes)
      fail(
        ['ropeTables', name, 'mrope'],
        `turns by positions of ${axes} axes, but positionAxes is ${model.positionAxes}`,
      );
    if (rope.scaling.kind === 'dynamic' && model.maxSeqLen !== null) {
      fail(['maxSeqLen'], `must be null: rope table "${name}" scales dynamically, to any length`);
    }
  }
}

function checkShared({ layers }: ModelShape, layer: number, topK: number, fail: (message: string) => void): void {
  const own = layers
    .slice(0, layer)
    .flatMap(({ mixer }) => (mixer?.kind === 'mla' && mixer.selection?.kind === 'own' ? [mixer.selection.topK] : []))
    .at(-1);
  if (own === undefined) fail('is shared, but no layer before selects tokens');
  else if (own !== topK) fail(`is of ${topK} tokens, but the layer before selects ${own}`);
}

/** Dimensions of a head that may turn. */
function turnedDims(mixer: Extract<MixerSpec, { rope: unknown }>): number {
  return mixer.kind === 'mla' ? mixer.qkRopeHeadDim : mixer.headDim;
}

function checkRope(model: ModelShape, name: string, headDim: number, fail: (message: string) => void): void {
  const rope = Object.hasOwn(model.ropeTables, name) ? model.ropeTables[name] : undefined;
  if (rope === undefined) {
    const known = Object.keys(model.ropeTables).join(', ') || 'none';
    fail(`names the table "${name}", but ropeTables has ${known}`);
  } else if (rope.rotaryDim > headDim) {
    fail(`table "${name}" rotates ${rope.rotaryDim} dimensions, but a head has ${headDim}`);
  }
}
