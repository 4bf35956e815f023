import { cachePlaces, ropeFrequencies, type State, type Step } from '@tttv2/graph';
import type { Call, CallArray } from './call.ts';
import type { LoweredProgram } from './lower-program.ts';
import { type Phase, tile } from './phase.ts';
import { fillRotaryRow } from './rotary-rows.ts';

/** Room for tokens on the device. */
export interface Room {
  users: number;
  /** Tokens of each user's cache, whole tiles. */
  length: number;
}

/** What stands in rows that no token has. Results must not depend on it. */
export interface Padding {
  token: number;
  /** Cosine and sine. */
  rotary: number;
}

export const noPadding: Padding = { token: 0, rotary: 0 };

/**
 * A step as calls of the program. A prompt from its first token on is a prefill of its own, padded to a power of two of
 * tiles, so that few programs are built; everything else is decode: rounds of one token each of all users at once.
 */
export function specialize(program: LoweredProgram, state: State, step: Step, room: Room, padding: Padding): Call[] {
  const isPrompt = ({ slot, count }: Step['sequences'][number]) => state.length(slot) === 0 && count > 1;
  const prompts = step.sequences.filter(isPrompt).map(({ slot, from, count }) => {
    const rows = Array.from({ length: bucketOf(count, room.length) }, (_, i) => (i < count ? from + i : -1));
    return callOf(program, 'prefill', slot, Int32Array.from(rows), state, step, padding);
  });
  const others = step.sequences.filter((sequence) => !isPrompt(sequence));
  const rounds = Math.max(0, ...others.map(({ count }) => count));
  const decodes = Array.from({ length: rounds }, (_, round) => {
    const rows = new Int32Array(room.users).fill(-1);
    for (const { slot, from, count } of others) if (round < count) rows[slot] = from + round;
    return callOf(program, 'decode', null, rows, state, step, padding);
  });
  return [...prompts, ...decodes];
}

/** Rows that a prompt is padded to. */
function bucketOf(count: number, most: number): number {
  let rows = tile;
  while (rows < count) rows *= 2;
  return Math.min(rows, most);
}

function callOf(
  program: LoweredProgram,
  phase: Phase,
  user: number | null,
  tokens: Int32Array,
  state: State,
  step: Step,
  padding: Padding,
): Call {
  const { slot, cacheIndex } = cachePlaces(state, step);
  const wanted = [...(step.want.logits ?? [])].flatMap((token, index) => {
    const row = tokens.indexOf(token);
    return row < 0 ? [] : [{ index, row }];
  });
  const rowsOf = (numbers: Int32Array, pad: number) =>
    tokens.map((token) => (token < 0 ? pad : (numbers[token] ?? pad)));
  const line = (data: Int32Array): CallArray => ({ dtype: 'int32', shape: [1, data.length], data });
  const numbers: Readonly<Record<string, () => CallArray>> = {
    tokens: () => line(rowsOf(step.tokens, padding.token)),
    positions: () => line(rowsOf(step.positions, 0)),
    slot: () => line(rowsOf(slot, 0)),
    places: () => line(rowsOf(cacheIndex, 0)),
    rows: () => line(wholeTiles(wanted.map(({ row }) => row))),
    logit_rows: () =>
      line(
        phase === 'decode'
          ? tokens.map((token) => Math.max(token, 0))
          : wholeTiles(wanted.map(({ row }) => tokens[row] ?? 0)),
      ),
    cache_index: () => ({ dtype: 'int32', shape: [tokens.length], data: rowsOf(cacheIndex, -1) }),
  };
  const arrays: Record<string, CallArray> = {};
  for (const { name } of program.phases[phase].inputs) {
    const make = numbers[name];
    if (make !== undefined) arrays[name] = make();
  }
  Object.assign(arrays, rotaryArrays(program, phase, tokens, step, padding));
  // A prompt gives the rows it was asked for, decode a row for each user.
  const logits = new Map(wanted.map(({ index, row }, i) => [index, phase === 'prefill' ? i : row]));
  return { phase, user, arrays, tokens, logits };
}

function wholeTiles(rows: readonly number[]): Int32Array {
  const padded = new Int32Array(Math.max(1, Math.ceil(rows.length / tile)) * tile);
  padded.set(rows);
  return padded;
}

function rotaryArrays(
  program: LoweredProgram,
  phase: Phase,
  tokens: Int32Array,
  step: Step,
  padding: Padding,
): Record<string, CallArray> {
  const arrays: Record<string, CallArray> = {};
  for (const { rope, headDim, cos, sin } of program.phases[phase].rotaries) {
    const cosines = new Float32Array(tokens.length * headDim).fill(padding.rotary);
    const sines = cosines.slice();
    const rowOf = new Map([...tokens].map((token, row) => [token, row]));
    for (const { from, count } of step.sequences) {
      const positions = Array.from({ length: count }, (_, i) => positionOf(step, from + i));
      // Frequencies of a sequence in a step are those of its longest position, whichever call a token is in.
      const frequencies = ropeFrequencies(rope, 1 + positions.flat().reduce((a, b) => Math.max(a, b), 0));
      positions.forEach((position, i) => {
        const row = rowOf.get(from + i);
        if (row === undefined) return;
        const [start, end] = [row * headDim, (row + 1) * headDim];
        fillRotaryRow({ rope, frequencies, position }, cosines.subarray(start, end), sines.subarray(start, end));
      });
    }
    const shape = phase === 'prefill' ? [1, 1, tokens.length, headDim] : [1, tokens.length, 1, headDim];
    arrays[cos.name] = { dtype: 'float32', shape, data: cosines };
    arrays[sin.name] = { dtype: 'float32', shape, data: sines };
  }
  return arrays;
}

/** Where a token stands, axis by axis. */
function positionOf({ tokens, positions }: Step, token: number): number[] {
  const axes = positions.length / tokens.length;
  return Array.from({ length: axes }, (_, axis) => positions[axis * tokens.length + token] ?? 0);
}
