import { DoesNotFitError, RequestError } from '@tttv2/spec';
import type { State, Step } from './executable.ts';
import type { Graph, StepInput } from './graph.ts';

/** How large each row number that a step brings may be: the rows of the tables it is looked up in. */
export type IndexBounds = Partial<Record<StepInput, number>>;

/** Bounds that the graph's own tables set; tables of `N` rows are checked by `checkStep` itself. */
export function indexBounds(...stages: readonly Graph[]): IndexBounds {
  const bounds: IndexBounds = {};
  for (const graph of stages) {
    const typeOf = new Map(graph.nodes.map(({ id, type }) => [id, type.shape]));
    for (const { op, inputs } of graph.nodes) {
      const [table = '', index = ''] = inputs;
      const input = graph.inputs.find((name) => name === index);
      if (op !== 'gather_rows' || input === undefined) continue;
      const [rows] = graph.parameters[table]?.shape ?? typeOf.get(table) ?? [];
      if (typeof rows === 'number') bounds[input] = Math.min(bounds[input] ?? rows, rows);
    }
  }
  return bounds;
}

export interface StepLimits {
  positionAxes: number;
  bounds: IndexBounds;
  maxSequences: number;
  tokensPerSequence: number;
}

/**
 * Refuses a step that contradicts itself before anything is computed: devices do not forgive.
 * @throws RequestError that names the field. @throws DoesNotFitError when a sequence would outgrow the state.
 */
export function checkStep(
  state: State,
  step: Step,
  { bounds, positionAxes, maxSequences, tokensPerSequence }: StepLimits,
): void {
  const count = step.tokens.length;
  if (count === 0) throw new RequestError({ field: 'tokens', message: 'a step needs at least one token' });
  if (step.positions.length !== positionAxes * count) {
    const each = positionAxes === 1 ? '' : ` of ${positionAxes} positions each`;
    const message = `has ${step.positions.length} numbers for ${count} tokens${each}`;
    throw new RequestError({ field: 'positions', message });
  }
  checkRows('tokens', step.tokens, bounds.tokens ?? Number.POSITIVE_INFINITY);
  checkRows('positions', step.positions, bounds.positions ?? 2 ** 31);
  checkRows('want.logits', step.want.logits ?? new Int32Array(), Math.min(count, bounds.logitRows ?? count));
  checkSequences(step, maxSequences, bounds.slot ?? Number.POSITIVE_INFINITY);
  for (const { slot, count: added } of step.sequences) {
    const wanted = state.length(slot) + added;
    const room = Math.min(tokensPerSequence, bounds.cacheIndex ?? tokensPerSequence);
    if (wanted > room) {
      const message = `sequence ${slot} would have ${wanted} tokens, but there is room for ${room}: load with a longer context, or shorten the prompt`;
      throw new DoesNotFitError({ message, wanted, available: room, unit: 'tokens' });
    }
  }
}

function checkRows(field: string, numbers: Int32Array, bound: number): void {
  numbers.forEach((number, i) => {
    if (number < 0 || number >= bound)
      throw new RequestError({ field: `${field}[${i}]`, message: `is ${number}, but must be 0 to ${bound - 1}` });
  });
}

function checkSequences({ tokens, sequences }: Step, maxSequences: number, slotBound: number): void {
  const seen = new Set<number>();
  let next = 0;
  sequences.forEach(({ slot, from, count }, i) => {
    const fail = (message: string) => new RequestError({ field: `sequences[${i}]`, message });
    if (!Number.isInteger(slot) || slot < 0 || slot >= Math.min(maxSequences, slotBound)) {
      throw fail(`slot ${slot} must be 0 to ${Math.min(maxSequences, slotBound) - 1}`);
    }
    if (seen.has(slot)) throw fail(`slot ${slot} appears twice`);
    if (!Number.isInteger(count) || from !== next || count < 1) {
      throw fail(`covers ${count} tokens from ${from}: expected at least one from ${next}`);
    }
    seen.add(slot);
    next += count;
  });
  if (next !== tokens.length)
    throw new RequestError({ field: 'sequences', message: `cover ${next} of ${tokens.length} tokens` });
}

/** The `slot` and `cacheIndex` inputs of a step, one number a token. */
export function cachePlaces(state: State, { tokens, sequences }: Step): { slot: Int32Array; cacheIndex: Int32Array } {
  const slot = new Int32Array(tokens.length);
  const cacheIndex = new Int32Array(tokens.length);
  for (const sequence of sequences) {
    const length = state.length(sequence.slot);
    for (let i = 0; i < sequence.count; i++) {
      slot[sequence.from + i] = sequence.slot;
      cacheIndex[sequence.from + i] = length + i;
    }
  }
  return { slot, cacheIndex };
}
