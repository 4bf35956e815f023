import {
  type Backend,
  type Executable,
  type FloatTensor,
  type Graph,
  legalize,
  referenceBackend,
  type State,
  type StateOptions,
  type Step,
  type StepResult,
  type WeightSource,
} from '@tttv2/graph';
import type { HardwareConfig } from '@tttv2/spec';
import { expectClose, type Tolerance } from './expect-close.ts';
import { type Addition, stepOf, type Wanted } from './step-of.ts';

/** A backend, and how it is to be held against the reference. */
export interface BackendUnderTest {
  backend: Backend;
  hardware: HardwareConfig;
  tolerance: Tolerance;
}

export interface SideBySideOptions {
  graph: Graph;
  weights: WeightSource;
  state?: StateOptions;
  /** Position of the first token of each sequence. */
  firstPosition?: number;
}

const defaultState: StateOptions = { maxSequences: 4, totalTokens: 128, tokensPerSequence: 64 };

/** One program on two executables, its own and the reference's: every step runs on both, and must give the same. */
export class SideBySide {
  readonly executable: Executable;
  readonly state: State;
  readonly #reference: Executable;
  readonly #referenceState: State;
  readonly #tolerance: Tolerance;
  readonly #firstPosition: number;

  private constructor(
    ours: { executable: Executable; state: State },
    reference: { executable: Executable; state: State },
    { tolerance, firstPosition }: { tolerance: Tolerance; firstPosition: number },
  ) {
    this.executable = ours.executable;
    this.state = ours.state;
    this.#reference = reference.executable;
    this.#referenceState = reference.state;
    this.#tolerance = tolerance;
    this.#firstPosition = firstPosition;
  }

  static async start({ backend, hardware, tolerance }: BackendUnderTest, options: SideBySideOptions) {
    const { graph, weights, state = defaultState, firstPosition = 0 } = options;
    const start = async (executable: Executable) => ({ executable, state: executable.createState(state) });
    const ours = await start(await compileLegal(backend, graph, weights, hardware));
    const reference = await start(await compileLegal(referenceBackend, graph, weights, hardware));
    return new SideBySide(ours, reference, { tolerance, firstPosition });
  }

  /** Runs a step on both and compares all that it returns. Our result comes back. */
  async run(additions: readonly Addition[], want: Wanted = {}): Promise<StepResult> {
    const step = this.step(additions, want);
    const ours = await this.executable.run(this.state, step);
    const reference = await this.#reference.run(this.#referenceState, step);
    const { mode } = this.executable;
    if (ours.mode !== mode) throw new Error(`the result's mode is ${ours.mode}, but its executable's is ${mode}`);
    expectSameResult(ours, reference, this.#tolerance);
    this.expectSameLengths(additions.map(({ slot }) => slot));
    return ours;
  }

  /** The same step for `run` of an executable, e.g. to cancel it. */
  step(additions: readonly Addition[], want: Wanted = {}): Step {
    const { positionAxes } = this.executable;
    return stepOf(this.#referenceState, additions, want, { firstPosition: this.#firstPosition, positionAxes });
  }

  /** Does the same to both states. Returns what ours answers. */
  change<Answer>(change: (state: State) => Answer): Answer {
    change(this.#referenceState);
    return change(this.state);
  }

  /** Does to the reference what ours says that it did; ours may answer that it cannot. */
  tryChange(change: (state: State) => boolean): void {
    if (change(this.state) && !change(this.#referenceState)) throw new Error('the reference can do anything');
  }

  expectSameLengths(slots: readonly number[]): void {
    for (const slot of slots) {
      const [found, expected] = [this.state.length(slot), this.#referenceState.length(slot)];
      if (found !== expected) throw new Error(`slot ${slot} has ${found} tokens, expected ${expected}`);
    }
  }

  async dispose(): Promise<void> {
    await this.executable.dispose();
    await this.#reference.dispose();
  }
}

/** Compiles a program of one graph, after what the backend has no way for is taken apart: as the factory does. */
export async function compileLegal(
  backend: Backend,
  graph: Graph,
  weights: WeightSource,
  hardware: HardwareConfig,
): Promise<Executable> {
  const legal = legalize(graph, backend.name, (node, of) => backend.supports(node, of, hardware));
  return backend.compile({ mesh: [1, 1], stages: [legal] }, weights, hardware);
}

export function expectSameResult(actual: StepResult, expected: StepResult, tolerance: Tolerance): void {
  expectSame('logits', actual.logits, expected.logits, tolerance);
  const [found, wanted] = [Object.keys(actual.taps).toSorted(), Object.keys(expected.taps).toSorted()];
  if (found.join() !== wanted.join()) throw new Error(`taps are ${found.join(', ')}, expected ${wanted.join(', ')}`);
  for (const scope of wanted) expectSame(scope, actual.taps[scope] ?? null, expected.taps[scope] ?? null, tolerance);
}

function expectSame(
  what: string,
  actual: FloatTensor | null,
  expected: FloatTensor | null,
  tolerance: Tolerance,
): void {
  if (actual !== null && expected !== null) expectClose(actual, expected, tolerance, what);
  else if (actual !== expected)
    throw new Error(`${what} ${actual === null ? 'are missing' : 'were computed, but not wanted'}`);
}

/** Runs `body` on both, and frees them whatever happens. */
export async function sideBySide(
  under: BackendUnderTest,
  options: SideBySideOptions,
  body: (both: SideBySide) => Promise<void>,
): Promise<void> {
  const both = await SideBySide.start(under, options);
  try {
    await body(both);
  } finally {
    await both.dispose();
  }
}
