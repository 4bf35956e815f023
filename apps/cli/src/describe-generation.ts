import type { ExecutionMode } from '@tttv2/graph';
import type { GenerateResult } from '@tttv2/runtime';

/** Counts and speeds of a generation, in one line. */
export function describeGeneration({ usage, timings, mode }: GenerateResult): string {
  const { ttftMs, prefillTokensPerSecond: prefill, decodeTokensPerSecond: decode } = timings;
  const { promptTokens, cachedTokens, newTokens } = usage;
  return [
    `${promptTokens} prompt tokens${cachedTokens > 0 ? ` (${cachedTokens} kept)` : ''}`,
    `${newTokens} new`,
    ...(Number.isNaN(ttftMs) ? [] : [`first after ${Math.round(ttftMs)} ms (${prefill.toFixed(1)} tokens/s)`]),
    ...(Number.isNaN(decode) ? [] : [`then ${decode.toFixed(1)} tokens/s`]),
    ...worth[mode],
  ].join(', ');
}

/** What a text is worth that no device has computed. */
const worth: Readonly<Record<ExecutionMode, readonly string[]>> = {
  device: [],
  reference: ['computed by reference, not on the device'],
  acceptance: ['nothing was computed: the text means nothing'],
};
