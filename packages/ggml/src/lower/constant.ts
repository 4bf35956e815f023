import type { Lowering } from '../lowering.ts';

export const constant: Lowering<'constant'> = (context, { id }) => context.constant(id);
