import { type Graph, localGraph } from '@tttv2/graph';
import { n150 } from '../devices/n150.ts';
import { type LoweredProgram, lowerProgram } from '../lower-program.ts';

const precision = { activations: 'bfloat16', weights: 'bfloat16', caches: 'bfloat16' } as const;

/** A graph as ttnn calls for an n150, in 16 bits; the output of each scope of `taps` can be asked for. */
export function lowered(graph: Graph, taps: readonly string[] = []): LoweredProgram {
  const local = localGraph({ mesh: [1, 1], stages: [graph] }, n150.spec.name);
  return lowerProgram(local, { board: n150, precision, taps: new Set(taps) });
}
