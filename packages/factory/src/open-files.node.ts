import { existsSync } from 'node:fs';
import { isHubId, type ModelFiles } from '@tttv2/hf';
import { hubFiles, localFiles } from '@tttv2/hf/node';
import type { OpenFilesOptions } from './model-factory.ts';

/** A folder or a `.gguf` file on this machine, else a model of the hub. @throws CheckpointError when it is neither. */
export async function openFilesOnNode(
  pathOrId: string,
  { signal, onDownload }: OpenFilesOptions = {},
): Promise<ModelFiles> {
  if (!isHubId(pathOrId) || existsSync(pathOrId)) return localFiles(pathOrId);
  return hubFiles(pathOrId, {
    ...(signal === undefined ? {} : { signal }),
    ...(onDownload === undefined ? {} : { onProgress: onDownload }),
  });
}
