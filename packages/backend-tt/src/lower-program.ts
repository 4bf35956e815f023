import type { LocalGraph } from '@tttv2/graph';
import type { DeviceParameter } from './device-parameter.ts';
import type { Board } from './devices/board.ts';
import { type LoweredPhase, lowerPhase } from './lower-phase.ts';
import type { Precision } from './lowering.ts';
import { ParameterTable } from './parameter-table.ts';
import type { Phase } from './phase.ts';

/** A graph as ttnn calls for a prompt and for decode, over the same weights. */
export interface LoweredProgram {
  graph: LocalGraph;
  board: Board;
  precision: Precision;
  phases: Readonly<Record<Phase, LoweredPhase>>;
  parameters: readonly DeviceParameter[];
  /** Scopes whose output can be asked for. */
  taps: ReadonlySet<string>;
}

export interface LowerOptions {
  board: Board;
  precision: Precision;
  taps?: ReadonlySet<string>;
}

export function lowerProgram(graph: LocalGraph, { board, precision, taps = new Set() }: LowerOptions): LoweredProgram {
  const parameters = new ParameterTable();
  const settings = { board, precision, parameters, taps };
  const phases = {
    prefill: lowerPhase(graph, 'prefill', settings),
    decode: lowerPhase(graph, 'decode', settings),
  };
  return { graph, board, precision, phases, parameters: parameters.all(), taps };
}
