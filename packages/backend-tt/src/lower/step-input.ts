import type { StepInput } from '@tttv2/graph';
import type { LoweringContext } from '../lowering.ts';
import type { StepRef } from '../python.ts';

/** A step input of the graph, a number for each row of the call. */
export function stepInput(context: LoweringContext, name: string): StepRef {
  const rows = name === 'logitRows' ? 'whose logits are wanted' : context.phase === 'prefill' ? 'tokens' : 'users';
  return context.input({
    name: isStepInput(name) ? names[name] : name,
    dtype: 'uint32',
    layout: 'row_major',
    comment: `[1, ${rows}]`,
  });
}

/** What the module calls them; `cache_index` there is what attention reads. */
const names: Readonly<Record<StepInput, string>> = {
  tokens: 'tokens',
  positions: 'positions',
  slot: 'slot',
  cacheIndex: 'places',
  logitRows: 'rows',
};

function isStepInput(name: string): name is StepInput {
  return Object.hasOwn(names, name);
}
