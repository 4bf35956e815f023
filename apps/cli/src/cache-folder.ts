import { homedir } from 'node:os';
import { join } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

/** Where fetched models are kept: `TTTV2_CACHE`, else the place that the system has for caches. */
export function cacheFolder(environment: Environment = process.env, platform: string = process.platform): string {
  const { TTTV2_CACHE, XDG_CACHE_HOME, LOCALAPPDATA } = environment;
  if (TTTV2_CACHE) return TTTV2_CACHE;
  if (platform === 'win32' && LOCALAPPDATA) return join(LOCALAPPDATA, 'tttv2', 'Cache');
  return join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'tttv2');
}

/** Where weights are kept that had to be encoded for a device. */
export function encodedFolder(): string {
  return join(cacheFolder(), 'encoded');
}
