export type { GgufMetadata } from './checkpoint/gguf-metadata.ts';
export type { ModelFiles, OpenFile } from './files.ts';
export { maxTextBytes } from './files.ts';
