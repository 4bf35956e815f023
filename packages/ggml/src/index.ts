export { activationBytes } from './activation-bytes.ts';
export { cpuDescription } from './engine.ts';
export type { GgmlOptions } from './executable.ts';
export { compileGgml, maxTokens, maxTokensPerStep } from './executable.ts';
export type { GgmlDtype } from './ggml-type.ts';
export { ggmlTypes, isGgmlDtype } from './ggml-type.ts';
export { targetDtypes } from './placement.ts';
export { productLayouts } from './product-layouts.ts';
