export type { Board } from './devices/board.ts';
export { boardOf, boards, knownDevices } from './devices/index.ts';
export type { EmittedModule } from './emit-module.ts';
export type { EmittedProgram } from './emit-program.ts';
export { emitProgram } from './emit-program.ts';
export type { ReferenceCalls } from './host-model.ts';
export type { TtBackend, TtBackendOptions } from './tt-backend.ts';
export { ttBackend } from './tt-backend.ts';
export type { TtExecutable } from './tt-executable.ts';
