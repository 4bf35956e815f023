import { createModelFactory as create, type ModelFactory, type ModelFactoryOptions } from './model-factory.ts';
import { openFilesOnNode } from './open-files.node.ts';

export * from './exports.ts';

/** As everywhere, and `load` finds models on this machine and on the hub. */
export function createModelFactory(options: ModelFactoryOptions): ModelFactory {
  return create({ openFiles: openFilesOnNode, ...options });
}
