export { cpuDescription } from './engine.ts';
export type { GgmlOptions } from './executable.ts';
export { compileGgml, maxTokensPerStep } from './executable.ts';
export type { GgmlDtype } from './ggml-type.ts';
export { ggmlTypes, isGgmlDtype } from './ggml-type.ts';
export { targetDtypes } from './placement.ts';
