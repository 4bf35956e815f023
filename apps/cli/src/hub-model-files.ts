import type { ModelFiles } from '@tttv2/hf';
import { type HubProgress, hubFiles } from '@tttv2/hf/node';
import { Progress } from './progress.ts';

/** The files of a model of the hub; each is fetched when it is opened, unless an earlier command fetched it. */
export async function hubModelFiles(id: string, { signal }: { signal?: AbortSignal }): Promise<ModelFiles> {
  return hubFiles(id, { onProgress: showDownloads(id), ...(signal === undefined ? {} : { signal }) });
}

/** All files that are on their way, on one line. */
function showDownloads(id: string): (progress: HubProgress) => void {
  const files = new Map<string, HubProgress>();
  const line = new Progress(id);
  return (latest) => {
    files.set(latest.file, latest);
    const sum = (count: (file: HubProgress) => number) =>
      [...files.values()].reduce((all, file) => all + count(file), 0);
    const [bytes, totalBytes] = [sum((file) => file.bytes), sum((file) => file.totalBytes)];
    if (bytes === totalBytes) line.end();
    else line.update(bytes, totalBytes);
  };
}
