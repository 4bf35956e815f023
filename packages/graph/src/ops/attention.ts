import { z } from 'zod';
import { defineOp, expect } from '../op.ts';
import { floats, floatTensor, type IntTensor, ints } from '../tensor.ts';
import { firstSeen } from './first-seen.ts';

const attrs = z.strictObject({
  /** The KV cache that the op writes its keys and values to, and then reads. */
  state: z.string().min(1),
  /** Multiplies q·k. */
  scale: z.number(),
  /** `causal`: a token sees those of its sequence whose cache index is not beyond its own. */
  mask: z.enum(['causal']),
  /** Only the last `window` of them, itself included. */
  window: z.number().int().positive().nullable(),
  /** Only those of its own of the chunks of so many tokens that a sequence is cut into. */
  chunk: z.number().int().positive().nullable().default(null),
  /** Bounds `scale · q·k`: `c · tanh(… / c)` (arXiv:2408.00118); null where it is not bounded. */
  softcap: z.number().positive().nullable(),
  /** The last input says which tokens each token sees, of those that it would see otherwise. */
  hasSelection: z.boolean().default(false),
});
type AttentionAttrs = z.output<typeof attrs>;

/**
 * Softmax attention over a KV cache: `q[N, H, h] k[N, K, h] v[N, K, h] slot[N] cacheIndex[N] (sinks[H]) (selection[N, …]) → [N, H, h]`.
 * Head i reads KV head `i / (H / K)`. Keys and values of all tokens are written before any token reads. A sink is one more
 * logit of its head, of a token without a value (arXiv:2309.17453). A selection is what `select_keys` gives: cache indexes.
 */
export const attention = defineOp({
  name: 'attention',
  kind: 'stateful',
  attrs,
  stateOf: ({ state }) => state,
  stateNeeded: (inputs) => {
    const [, numKvHeads, headDim] = inputs[1]?.shape ?? [];
    return { kind: 'kv_cache', numKvHeads: Number(numKvHeads), headDim: Number(headDim), hasValues: true };
  },
  infer(attentionAttrs, inputs) {
    const { sinks, selection } = attentionExtras(attentionAttrs, [...inputs.keys()]);
    const ofSelection = attentionAttrs.hasSelection ? 1 : 0;
    expect.count(inputs, 5 + ofSelection, 6 + ofSelection);
    const q = expect.input(inputs, 0, 'float32', 3);
    const k = expect.input(inputs, 1, 'float32', 3);
    const [tokens, heads, headDim] = q.shape;
    const kvHeads = k.shape[1];
    expect.shape(k, 1, [tokens, kvHeads, headDim]);
    expect.shape(expect.input(inputs, 2), 2, k.shape);
    expect.shape(expect.input(inputs, 3, 'int32'), 3, [tokens]);
    expect.shape(expect.input(inputs, 4, 'int32'), 4, [tokens]);
    if (sinks !== null) expect.shape(expect.input(inputs, sinks), sinks, [heads]);
    if (selection !== null) {
      const chosen = expect.input(inputs, selection, 'int32', 2);
      expect.shape(chosen, selection, [tokens, chosen.shape[1]]);
    }
    if (tokens !== 'N') throw new Error(`input 0 must have the step's tokens N as rows, found ${tokens}`);
    if (typeof heads !== 'number' || typeof kvHeads !== 'number' || heads % kvHeads !== 0) {
      throw new Error(`${heads} heads do not share ${kvHeads} KV heads evenly`);
    }
    return q;
  },
  evaluate(attentionAttrs, inputs, context) {
    const { state, scale, softcap } = attentionAttrs;
    const [q, k, v] = [floats(inputs[0]), floats(inputs[1]), floats(inputs[2])];
    const extras = attentionExtras(attentionAttrs, inputs);
    const sinks = extras.sinks === null ? null : floats(extras.sinks).data;
    const selection = extras.selection === null ? null : ints(extras.selection);
    const bounded = (logit: number) => (softcap === null ? logit : softcap * Math.tanh(logit / softcap));
    const [slots, indexes] = [ints(inputs[3]).data, ints(inputs[4]).data];
    const [tokens = 0, heads = 0, headDim = 0] = q.shape;
    const kvHeads = k.shape[1] ?? 1;
    const row = kvHeads * headDim;
    for (let t = 0; t < tokens; t++) {
      const [from, to] = [t * row, (t + 1) * row];
      context.state.write(state, slots[t] ?? 0, indexes[t] ?? 0, [k.data.slice(from, to), v.data.slice(from, to)]);
    }
    const out = floatTensor(q.shape, () => 0);
    for (let t = 0; t < tokens; t++) {
      const last = (indexes[t] ?? 0) + 1;
      const first = firstSeen(last - 1, attentionAttrs);
      const chosen = selection === null ? null : selectedBy(selection, t);
      const seen = context.state
        .read(state, slots[t] ?? 0)
        .slice(0, last)
        .filter((_, index) => index >= first && (chosen === null || chosen.has(index)));
      for (let head = 0; head < heads; head++) {
        const at = (t * heads + head) * headDim;
        const kvAt = Math.floor(head / (heads / kvHeads)) * headDim;
        const logits = seen.map(([key]) => bounded(scale * dot(q.data, at, key ?? none, kvAt, headDim)));
        const weights = softmax(sinks === null ? logits : [...logits, sinks[head] ?? 0]);
        for (let d = 0; d < headDim; d++) {
          out.data[at + d] = seen.reduce((sum, [, value], i) => sum + (weights[i] ?? 0) * (value?.[kvAt + d] ?? 0), 0);
        }
      }
    }
    return out;
  },
});

/** Of the inputs those that may be absent. */
export function attentionExtras<T>(
  { hasSelection }: Pick<AttentionAttrs, 'hasSelection'>,
  inputs: readonly T[],
): { sinks: T | null; selection: T | null } {
  const [selection = null] = hasSelection ? inputs.slice(-1) : [];
  const [sinks = null] = inputs.slice(5, hasSelection ? -1 : undefined);
  return { sinks, selection };
}

function selectedBy({ shape: [, count = 0], data }: IntTensor, token: number): Set<number> {
  return new Set(data.subarray(token * count, (token + 1) * count));
}

const none = new Float32Array();

function dot(a: Float32Array, aAt: number, b: Float32Array, bAt: number, length: number): number {
  let sum = 0;
  for (let i = 0; i < length; i++) sum += (a[aAt + i] ?? 0) * (b[bAt + i] ?? 0);
  return sum;
}

function softmax(logits: readonly number[]): number[] {
  const max = Math.max(...logits);
  const exponentials = logits.map((logit) => Math.exp(logit - max));
  const sum = exponentials.reduce((total, e) => total + e, 0);
  return exponentials.map((e) => e / sum);
}
