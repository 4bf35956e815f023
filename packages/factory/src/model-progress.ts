import type { LoadProgress } from '@tttv2/graph';

/** How far a model is. */
export interface ModelProgress extends LoadProgress {
  /** `download`: its files come from the hub. `place`: its weights go to the device. */
  stage: 'download' | 'place';
  /** Milliseconds that the rest of the stage takes at its speed so far; null when that cannot be told yet. */
  remainingMs: number | null;
}

/** How far the download of one file is, in bytes. */
export interface DownloadProgress {
  readonly file: string;
  readonly bytes: number;
  readonly totalBytes: number;
}

type OnProgress = (progress: ModelProgress) => void;

/** Tells of what a backend places. */
export function placing(onProgress: OnProgress): (progress: LoadProgress) => void {
  return withEstimate('place', onProgress);
}

/** Tells of all files together, as far as they were heard of. */
export function downloading(onProgress: OnProgress): (progress: DownloadProgress) => void {
  const files = new Map<string, DownloadProgress>();
  const tell = withEstimate('download', onProgress);
  return (latest) => {
    files.set(latest.file, latest);
    const sum = (count: (file: DownloadProgress) => number) =>
      [...files.values()].reduce((all, file) => all + count(file), 0);
    tell({ loadedBytes: sum((file) => file.bytes), totalBytes: sum((file) => file.totalBytes) });
  };
}

function withEstimate(stage: ModelProgress['stage'], onProgress: OnProgress): (progress: LoadProgress) => void {
  // What was there when it was first heard of did not come since.
  let first: { bytes: number; time: number } | null = null;
  return ({ loadedBytes, totalBytes }) => {
    const time = performance.now();
    first ??= { bytes: loadedBytes, time };
    const bytesPerMs = (loadedBytes - first.bytes) / (time - first.time);
    const isKnown = Number.isFinite(bytesPerMs) && bytesPerMs > 0;
    const remainingMs = loadedBytes >= totalBytes ? 0 : isKnown ? (totalBytes - loadedBytes) / bytesPerMs : null;
    onProgress({ stage, loadedBytes, totalBytes, remainingMs });
  };
}
