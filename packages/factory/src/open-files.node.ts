import { existsSync } from 'node:fs';
import { isHubId, type ModelFiles } from '@tttv2/hf';
import { hubFiles, localFiles } from '@tttv2/hf/node';

/** A folder or a `.gguf` file on this machine, else a model of the hub. @throws CheckpointError when it is neither. */
export async function openFilesOnNode(pathOrId: string, options: { signal?: AbortSignal } = {}): Promise<ModelFiles> {
  return isHubId(pathOrId) && !existsSync(pathOrId) ? hubFiles(pathOrId, options) : localFiles(pathOrId);
}
