import { join } from 'node:path';
import { cacheFolder } from './cache-folder.ts';
import type { KnownModel } from './known-models.ts';

/** Where a known model lies once it was pulled. */
export function knownModelPath({ name, file }: KnownModel): string {
  return join(cacheFolder(), 'models', name, file);
}
