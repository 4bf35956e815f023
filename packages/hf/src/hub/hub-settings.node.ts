import { hubFolders, storedToken } from './hub-folders.node.ts';

export interface HubOptions {
  /** Branch, tag or commit; `main` by default. */
  readonly revision?: string;
  /** Access token; `HF_TOKEN` by default, else the one that `hf auth login` stored. */
  readonly token?: string;
  /** Address of the hub, without a path; `HF_ENDPOINT` by default, else the library's own. */
  readonly endpoint?: string;
  /** Where files are kept, in the layout that Hugging Face's own tools share; `HF_HUB_CACHE` or `HF_HOME` by default. */
  readonly cacheDir?: string;
  /** Use what the cache holds and ask nobody; `HF_HUB_OFFLINE` by default. */
  readonly offline?: boolean;
  readonly onProgress?: (progress: HubProgress) => void;
  readonly signal?: AbortSignal;
  /** Milliseconds without a sign of life after which a request is given up; 8000 by default. */
  readonly timeoutMs?: number;
}

/** How far the download of one file is, in bytes. */
export interface HubProgress {
  readonly file: string;
  readonly bytes: number;
  readonly totalBytes: number;
}

/** `HubOptions` with what the environment says filled in. */
export interface HubSettings {
  readonly revision: string;
  readonly token: string | undefined;
  readonly endpoint: string | undefined;
  readonly cacheDir: string;
  readonly offline: boolean;
  readonly onProgress: (progress: HubProgress) => void;
  readonly signal: AbortSignal | undefined;
  readonly timeoutMs: number;
}

/** Where and how to ask the hub, by the options given and the environment. */
export function hubSettings(options: HubOptions = {}): HubSettings {
  const { HF_TOKEN, HF_ENDPOINT, HF_HUB_OFFLINE } = process.env;
  const endpoint = options.endpoint ?? (HF_ENDPOINT || undefined);
  return {
    revision: options.revision ?? 'main',
    token: options.token ?? (HF_TOKEN || storedToken()),
    endpoint: endpoint?.replace(/\/+$/, ''),
    cacheDir: options.cacheDir ?? hubFolders().cache,
    offline: options.offline ?? ['1', 'true', 'yes', 'on'].includes(HF_HUB_OFFLINE?.toLowerCase() ?? ''),
    onProgress: options.onProgress ?? (() => {}),
    signal: options.signal,
    timeoutMs: options.timeoutMs ?? 8000,
  };
}
