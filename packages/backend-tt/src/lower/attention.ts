import type { NodeOf } from '@tttv2/graph';
import type { Lowering, LoweringContext, Operand } from '../lowering.ts';
import { type Expr, py, type Value } from '../python.ts';

/**
 * A prompt fills its user's cache from the start, and attends to itself. In decode each user adds a token at
 * `cache_index` (-1: rests) and attends to its whole cache.
 */
export const attention: Lowering<'attention'> = (context, node) => {
  const operands = node.inputs.slice(0, 3).map((name) => context.operand(name));
  const [q, k, v] = operands;
  if (q === undefined || k === undefined || v === undefined) throw new Error('attention has q, k and v');
  const cache = context.cache(node.attrs.state);
  return context.phase === 'prefill'
    ? overPrompt(context, node, cache, [q, k, v])
    : overCache(context, node, cache, [q, k, v]);
};

type Heads = readonly [q: Operand, k: Operand, v: Operand];

function overPrompt(
  context: LoweringContext,
  { attrs }: NodeOf<'attention'>,
  [keys, values]: readonly [Value, Value],
  [q, k, v]: Heads,
): Value {
  const { activations } = context.precision;
  const dtype = context.cacheDtype(attrs.state);
  const stored = ({ expr }: Operand) => (dtype === activations ? expr : py`ttnn.typecast(${expr}, ttnn.${dtype})`);
  context.run(py`ttnn.fill_cache(${keys}, ${stored(k)}, step.user)`);
  context.run(py`ttnn.fill_cache(${values}, ${stored(v)}, step.user)`);
  const call = py`ttnn.transformer.scaled_dot_product_attention(${q.expr}, ${k.expr}, ${v.expr}, is_causal=True, ${settings(attrs)})`;
  return context.emit(call, q.shape, { order: q.order });
}

function overCache(
  context: LoweringContext,
  { attrs }: NodeOf<'attention'>,
  [keys, values]: readonly [Value, Value],
  [q, k, v]: Heads,
): Value {
  const index = context.cacheIndex();
  context.run(py`ttnn.experimental.paged_update_cache(${keys}, ${context.perUser(k)}, update_idxs_tensor=${index})`);
  context.run(py`ttnn.experimental.paged_update_cache(${values}, ${context.perUser(v)}, update_idxs_tensor=${index})`);
  const call = py`ttnn.transformer.scaled_dot_product_attention_decode(${q.expr}, ${keys}, ${values}, cur_pos_tensor=${index}, ${settings(attrs)}, program_config=SDPA_DECODE)`;
  return context.emit(call, q.shape);
}

function settings({ scale, window }: NodeOf<'attention'>['attrs']): Expr {
  const sliding = window === null ? '' : `, sliding_window_size=${window}`;
  return py`scale=${scale}${sliding}, compute_kernel_config=EXACT`;
}
