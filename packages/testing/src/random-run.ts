import type { StateOptions } from '@tttv2/graph';
import type { Random } from './random.ts';
import type { Addition, Wanted } from './step-of.ts';

/** What is done to a state: a step, or a change between steps. */
export type Action =
  | { kind: 'step'; additions: Addition[]; want: Wanted }
  | { kind: 'truncate'; slot: number; length: number }
  | { kind: 'fork'; from: number; to: number; length: number }
  | { kind: 'release'; slot: number };

export interface RandomRunOptions {
  state: StateOptions;
  vocabSize: number;
  /** Scopes that may be tapped. */
  scopes: readonly string[];
}

/** Steps of some sequences, with changes to the state between them. */
export function randomRun(random: Random, options: RandomRunOptions): Action[] {
  return random.list(2 + random.below(5), () =>
    random.once(3) ? randomChange(random, options) : randomStep(random, options),
  );
}

function randomStep(random: Random, { state: { maxSequences }, vocabSize, scopes }: RandomRunOptions): Action {
  const slots = random.list(maxSequences, (slot) => slot).filter(() => random.once(2));
  const additions = (slots.length === 0 ? [0] : slots).map((slot) => ({
    slot,
    ids: random.list(random.once(2) ? 1 : 1 + random.below(6), () => random.below(vocabSize)),
  }));
  const tokens = additions.reduce((sum, { ids }) => sum + ids.length, 0);
  const logits = random.list(random.pick([0, 1, 1, tokens, 3]), () => random.below(tokens));
  const taps = scopes.filter(() => random.once(3));
  return { kind: 'step', additions: random.once(2) ? additions : additions.toReversed(), want: { logits, taps } };
}

function randomChange(random: Random, { state: { maxSequences } }: RandomRunOptions): Action {
  const slot = () => random.below(maxSequences);
  const length = random.below(12);
  return random.pick<Action>([
    { kind: 'truncate', slot: slot(), length },
    { kind: 'fork', from: slot(), to: slot(), length },
    { kind: 'release', slot: slot() },
  ]);
}
