import { argument } from './input.ts';

/** The model that a command works on. */
export const modelArgument = argument(
  'MODEL',
  'a folder, a .gguf file, the name of a pulled model, a hub id, or a .json with a specification or configuration',
);
