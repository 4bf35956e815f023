import { maxAbsError, pcc } from '@tttv2/testing';
import type { RecordedOutput } from './recording.ts';

/** How far one output is from its reference. */
export interface OutputComparison {
  scope: string;
  within: readonly string[];
  /** NaN when a number is. */
  maxAbsError: number;
  /** Pearson's correlation coefficient; NaN when it has no meaning. */
  pcc: number;
}

export interface Comparison {
  tolerance: number;
  /** In the order of the reference. */
  outputs: readonly OutputComparison[];
  /** The first of them whose error is beyond the tolerance; null when all agree. */
  divergence: OutputComparison | null;
}

/** Holds a candidate's outputs, `[N, width]` by scope, against those of a reference, which may have the last rows alone. */
export function compareOutputs(
  reference: readonly RecordedOutput[],
  candidate: ReadonlyMap<string, Float32Array>,
  tolerance: number,
): Comparison {
  const outputs = reference.map(({ scope, within, data }) => {
    const rows = candidate.get(scope)?.subarray(-data.length) ?? new Float32Array();
    return { scope, within, maxAbsError: maxAbsError(rows, data), pcc: pcc(rows, data) };
  });
  // What is not a number is beyond any tolerance.
  const divergence = outputs.find((output) => !(output.maxAbsError <= tolerance)) ?? null;
  return { tolerance, outputs, divergence };
}
