export * from './exports.ts';
export { createModelFactory } from './model-factory.ts';
