import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * Where Hugging Face's tools keep models (`HF_HUB_CACHE`) and the access token (`HF_TOKEN_PATH`): by default in `HF_HOME`, and
 * that in the system's folder for caches. Source: `constants.py` of huggingface_hub.
 */
export function hubFolders(): { cache: string; tokenFile: string } {
  const { HF_HOME, HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE, HF_TOKEN_PATH, XDG_CACHE_HOME } = process.env;
  const home = HF_HOME || join(XDG_CACHE_HOME || join('~', '.cache'), 'huggingface');
  return {
    cache: expanded(HF_HUB_CACHE || HUGGINGFACE_HUB_CACHE || join(home, 'hub')),
    tokenFile: expanded(HF_TOKEN_PATH || join(home, 'token')),
  };
}

/** The token that `hf auth login` stored; undefined when there is none. */
export function storedToken(): string | undefined {
  try {
    return readFileSync(hubFolders().tokenFile, 'utf8').trim() || undefined;
  } catch {
    return undefined;
  }
}

/** A value that was set without a shell may begin with a tilde. */
function expanded(path: string): string {
  return path.replace(/^~(?=$|[\\/])/, () => homedir());
}
