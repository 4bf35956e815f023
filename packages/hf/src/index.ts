export type { GgufMetadata } from './checkpoint/gguf-metadata.ts';
export { checkTextLength, decodeText, maxTextBytes } from './decode-text.ts';
export type { ModelFiles, OpenFile } from './files.ts';
