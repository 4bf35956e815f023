import { existsSync } from 'node:fs';
import type { ModelFiles } from '@tttv2/hf';
import { hubFiles, localFiles } from '@tttv2/hf/node';

/** A hub id: `owner/name`, and nothing of that name on this machine. */
const hubId = /^[\w.-]+\/[\w.-]+$/;

/** A folder or a `.gguf` file on this machine, else a model of the hub. @throws CheckpointError when it is neither. */
export async function openFilesOnNode(pathOrId: string, options: { signal?: AbortSignal } = {}): Promise<ModelFiles> {
  const isHubId =
    hubId.test(pathOrId) && !pathOrId.startsWith('.') && !pathOrId.endsWith('.gguf') && !existsSync(pathOrId);
  return isHubId ? hubFiles(pathOrId, options) : localFiles(pathOrId);
}
