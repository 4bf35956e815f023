import { type ExecutionMode, localGraph, type Program } from '@tttv2/graph';
import type { HardwareConfig } from '@tttv2/spec';
import { boardOf } from './devices/index.ts';
import { type EmittedModule, emitModule } from './emit-module.ts';
import { type LoweredProgram, lowerProgram } from './lower-program.ts';
import { resolveHardware } from './resolve-hardware.ts';
import { checkSupported } from './supports.ts';

/** A program as ttnn calls, and as the Python that says so. */
export interface EmittedProgram {
  module: EmittedModule;
  lowered: LoweredProgram;
  /** The settings in force: every field that was open is set. */
  hardware: HardwareConfig;
  /** First line of the module. */
  title: string;
}

/**
 * Lowers a program for the board that `hardware` names, and writes it as a Python module of ttnn calls; `name` is what
 * its first line calls the model.
 * @throws UnsupportedHardwareError that names the board, the op or the field that is refused.
 */
export function emitProgram(
  program: Program,
  hardware: HardwareConfig,
  { mode = 'device', name }: { mode?: ExecutionMode; name?: string } = {},
): EmittedProgram {
  const board = boardOf(hardware.deviceType);
  const graph = localGraph(program, hardware.deviceType);
  const { config, precision } = resolveHardware(hardware, mode);
  checkSupported(graph, hardware, mode);
  const lowered = lowerProgram(graph, { board, precision });
  const title = `${name ?? graph.name}, for ${board.spec.name}`;
  return { module: emitModule(lowered, title), lowered, hardware: config, title };
}
