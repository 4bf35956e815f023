import {
  type Backend,
  type Executable,
  type FloatTensor,
  type Graph,
  type LocalOpName,
  printGraph,
  referenceBackend,
  type State,
  type StateOptions,
  type StepResult,
  scopesOf,
  validate,
} from '@tttv2/graph';
import { DoesNotFitError, type Dtype, type HardwareConfig, RequestError, UnsupportedHardwareError } from '@tttv2/spec';
import type { Tolerance } from './expect-close.ts';
import { memoryWeights } from './memory-weights.ts';
import { perturbGraph, perturbTensor } from './perturb.ts';
import { Random } from './random.ts';
import { randomGraph } from './random-graph.ts';
import { type Action, randomRun } from './random-run.ts';
import { randomTensors } from './random-tensors.ts';
import { compileLegal } from './side-by-side.ts';
import { stepOf } from './step-of.ts';

/** One way to run random graphs. */
export interface FuzzVariant {
  hardware: HardwareConfig;
  /** Storage types that matrices and caches are given at random; null: as they come. */
  stored: readonly (Dtype | null)[];
  cacheStored: readonly (Dtype | null)[];
  /** How far from the reference evaluation results may lie, over what rounding does to them; null: they only have to come. */
  tolerance: Tolerance | null;
  /** Ops that the backend refuses. Default none. */
  without?: readonly LocalOpName[];
}

/** A random graph, what is done with it, and how. The same for the same seed. */
export interface FuzzCase {
  seed: number;
  variant: FuzzVariant;
  graph: Graph;
  actions: readonly Action[];
}

/** `compared`: with the reference; `refused`: by the backend, by name. */
export type FuzzOutcome = 'compared' | 'ran' | 'refused';

const stateOptions: StateOptions = { maxSequences: 3, totalTokens: 40, tokensPerSequence: 20 };
const vocabSize = 11;
/** Beyond, float32 overflows where the reference, which sums in float64, does not. */
const moderate = 1e9;
/** Some 30 times the rounding of float32, and what is lost where an exponential or an error function is added to 1. */
const rounding = { relative: 2 ** -19, absolute: 2 ** -22 };

export function fuzzCase(seed: number, variants: readonly FuzzVariant[]): FuzzCase {
  const random = new Random(seed);
  const variant = random.pick(variants);
  const rows = { tokens: vocabSize, slot: stateOptions.maxSequences, cacheIndex: stateOptions.tokensPerSequence };
  const graph = validate(randomGraph(random, { ...variant, rows }));
  const actions = randomRun(random, { state: stateOptions, vocabSize, scopes: allScopes(graph) });
  return { seed, variant, graph, actions };
}

/** @throws Error that holds the seed and the graph, when a backend fails or computes something else than the reference. */
export async function runFuzzCase(backend: Backend, one: FuzzCase): Promise<FuzzOutcome> {
  try {
    return await run(backend, one);
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}\n${showFuzzCase(one)}`, { cause: error });
  }
}

export function showFuzzCase({ seed, variant, graph, actions }: FuzzCase): string {
  const lines = actions.map((action) => JSON.stringify(action));
  return [`seed ${seed} ${JSON.stringify(variant)}`, printGraph(graph), ...lines].join('\n');
}

async function run(backend: Backend, one: FuzzCase): Promise<FuzzOutcome> {
  const { seed, variant, graph, actions } = one;
  const tensors = randomTensors(graph, { seed });
  const ours = await Runner.start(backend, graph, tensors, variant.hardware).catch(nullWhenRefused);
  if (ours === null) return 'refused';
  try {
    const references = variant.tolerance === null ? [] : await startReferences(graph, tensors, seed);
    let isComparable = references.length > 0;
    for (const action of actions) {
      if (action.kind !== 'step') {
        // What a backend says that it cannot do, nobody does.
        if (ours.change(action)) for (const reference of references) reference.change(action);
        continue;
      }
      const found = await ours.step(action);
      const expected = await Promise.all(references.map((reference) => reference.step(action)));
      isComparable &&= expected.every(isModerate);
      if (isComparable) expectWithinSpread(found, expected, variant.tolerance ?? 0);
    }
    return isComparable ? 'compared' : 'ran';
  } finally {
    await ours.dispose();
  }
}

/** The graph as it is, then as rounding may bend it. */
async function startReferences(graph: Graph, tensors: Tensors, seed: number): Promise<Runner[]> {
  const random = new Random(seed);
  const hardware = { deviceType: referenceBackend.name };
  const exact = Runner.start(referenceBackend, graph, tensors, hardware, allScopes(graph));
  const bent = random.list(3, () => {
    const bentTensors = Object.entries(tensors).map(([name, tensor]) => [
      name,
      perturbTensor(tensor, rounding.relative, random),
    ]);
    return Runner.start(
      referenceBackend,
      perturbGraph(graph, rounding, random),
      Object.fromEntries(bentTensors),
      hardware,
    );
  });
  return Promise.all([exact, ...bent]);
}

type Tensors = Readonly<Record<string, FloatTensor>>;

/** An executable with one state, to which actions are done. */
class Runner {
  readonly #executable: Executable;
  readonly #state: State;
  readonly #moreTaps: readonly string[];

  private constructor(executable: Executable, moreTaps: readonly string[]) {
    this.#executable = executable;
    this.#state = executable.createState(stateOptions);
    this.#moreTaps = moreTaps;
  }

  static async start(
    backend: Backend,
    graph: Graph,
    tensors: Tensors,
    hardware: HardwareConfig,
    moreTaps: readonly string[] = [],
  ) {
    return new Runner(await compileLegal(backend, graph, memoryWeights(tensors), hardware), moreTaps);
  }

  /** What a step computes; null for one that does not fit. */
  async step({ additions, want: wanted }: Extract<Action, { kind: 'step' }>): Promise<StepResult | null> {
    const state = this.#state;
    const want = { ...wanted, taps: [...new Set([...(wanted.taps ?? []), ...this.#moreTaps])] };
    return this.#executable.run(state, stepOf(state, additions, want)).catch(nullWhenTooMuch);
  }

  /** False when the state could not, and is as it was. */
  change(action: Exclude<Action, { kind: 'step' }>): boolean {
    const state = this.#state;
    switch (action.kind) {
      case 'truncate':
        return state.truncate(action.slot, action.length);
      case 'fork':
        return state.fork(action.from, action.to, action.length);
      case 'release':
        state.release(action.slot);
        return true;
    }
  }

  dispose(): Promise<void> {
    return this.#executable.dispose();
  }
}

function nullWhenRefused(error: unknown): null {
  if (UnsupportedHardwareError.isInstance(error)) return null;
  throw error;
}

/** A step may ask for more than there is: of room, or of rows in a table. */
function nullWhenTooMuch(error: unknown): null {
  if (DoesNotFitError.isInstance(error) || RequestError.isInstance(error)) return null;
  throw error;
}

function allScopes(graph: Graph): string[] {
  return [...scopesOf(graph).values()].flatMap(({ path, output }) => (output === null ? [] : [path]));
}

function isModerate(result: StepResult | null): boolean {
  return tensorsOf(result).every(([, { data }]) => data.every((value) => Math.abs(value) < moderate));
}

/** Each number must lie as near to the reference as the bent references do, but for a small factor and a tolerance. */
function expectWithinSpread(
  found: StepResult | null,
  [exact, ...bent]: readonly (StepResult | null)[],
  tolerance: Tolerance,
): void {
  if ((found === null) !== (exact === null))
    throw new Error(found === null ? 'the step was refused' : 'the step fits, but should not');
  const [expected, ...others] = [exact ?? null, ...bent].map((result) => new Map(tensorsOf(result)));
  for (const [name, { data, shape }] of tensorsOf(found)) {
    const wanted = expected?.get(name);
    if (wanted?.shape.join() !== shape.join())
      throw new Error(`${name} is [${shape.join(', ')}], expected [${wanted?.shape.join(', ')}]`);
    wanted.data.forEach((value, i) => {
      const spread = Math.max(...others.map((other) => Math.abs((other.get(name)?.data[i] ?? Number.NaN) - value)));
      const allowed = 4 * spread + tolerance * (1 + Math.abs(value));
      // What rounding alone may turn upside down, e.g. a quotient of near zeros, says nothing, even where it is NaN.
      const isDetermined = allowed < 0.1 * (1 + Math.abs(value));
      if (isDetermined && !(Math.abs((data[i] ?? Number.NaN) - value) <= allowed))
        throw new Error(`${name} ${i} is ${data[i]}, expected ${value} ± ${allowed}`);
    });
  }
}

function tensorsOf(result: StepResult | null): [string, FloatTensor][] {
  if (result === null) return [];
  const { logits, taps } = result;
  return [...(logits ? [['logits', logits] as [string, FloatTensor]] : []), ...Object.entries(taps)];
}
