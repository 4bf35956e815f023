export { cpuBackend } from './cpu-backend.ts';
export type { ResolvedHardware } from './resolve-hardware.ts';
export { resolveHardware } from './resolve-hardware.ts';
