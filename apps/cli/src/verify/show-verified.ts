import type { OutputComparison } from './compare-outputs.ts';
import type { Verified } from './verify-golden.ts';

/** A verification for people: a line for each output, then what to think of it. */
export function showVerified({ tokens, device, weightDtype, mode, outputs, tolerance, divergence }: Verified): string {
  const width = Math.max(...outputs.map(({ scope }) => scope.length));
  const line = (scope: string, error: string, pcc: string) =>
    `${scope.padEnd(width)}  ${error.padStart(13)}  ${pcc.padStart(9)}`;
  return [
    `${tokens} tokens on ${device}, weights as ${weightDtype}${mode === 'device' ? '' : `, mode ${mode}`}`,
    '',
    line('scope', 'max abs error', 'PCC'),
    ...outputs.map(({ scope, maxAbsError, pcc }) => line(scope, maxAbsError.toExponential(1), showPcc(pcc))),
    '',
    divergence === null ? `Agrees: no output is further off than ${tolerance}.` : showDivergence(divergence, tolerance),
  ].join('\n');
}

function showPcc(pcc: number): string {
  return Number.isNaN(pcc) ? '–' : pcc.toFixed(6);
}

function showDivergence({ within, maxAbsError }: OutputComparison, tolerance: number): string {
  const place = `Diverges first in ${within.length > 2 ? `${within[0]} … ${within.at(-1)}` : within.join(' or ')}`;
  if (Number.isNaN(maxAbsError)) return `${place}: it holds what is not a number.`;
  return `${place}: by ${maxAbsError.toPrecision(3)}, more than ${tolerance}.`;
}
