import { DoesNotFitError, type HardwareConfig, SpecError } from '@tttv2/spec';
import type { StateOptions } from './executable.ts';

/** @throws SpecError for what is no number of tokens. @throws DoesNotFitError beyond what the hardware configuration allows. */
export function checkStateOptions(options: StateOptions, { maxBatch, maxContext }: HardwareConfig): void {
  for (const [name, value] of Object.entries(options)) {
    if (!Number.isSafeInteger(value) || value < 1)
      throw new SpecError({ path: name, message: `must be a whole number of at least 1, found ${value}` });
  }
  checkLimit(options.maxSequences, { limit: maxBatch, field: 'maxBatch', unit: 'sequences' });
  checkLimit(options.tokensPerSequence, { limit: maxContext, field: 'maxContext', unit: 'tokens' });
}

function checkLimit(
  wanted: number,
  { limit, field, unit }: { limit: number | undefined; field: string; unit: 'sequences' | 'tokens' },
): void {
  if (limit === undefined || wanted <= limit) return;
  const message = `${wanted} ${unit} are wanted, but ${field} is ${limit}: ask for fewer, or load with a larger ${field}`;
  throw new DoesNotFitError({ message, wanted, available: limit, unit });
}
