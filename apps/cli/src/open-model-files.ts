import { existsSync } from 'node:fs';
import { isHubId, type ModelFiles } from '@tttv2/hf';
import { localFiles } from '@tttv2/hf/node';
import { CheckpointError } from '@tttv2/spec';
import { hubModelFiles } from './hub-model-files.ts';
import { knownModelPath } from './known-model-path.ts';
import { type KnownModel, knownModel, knownModels } from './known-models.ts';
import { suggestion } from './nearest.ts';

/**
 * The files of what a person calls a model: a path, the name of a pulled model, or a hub id.
 * @throws CheckpointError when it is none of them.
 */
export async function openModelFiles(name: string, options: { signal?: AbortSignal } = {}): Promise<ModelFiles> {
  if (existsSync(name)) return localFiles(name);
  const known = knownModel(name);
  if (known !== undefined) return localFiles(pulledPath(known));
  if (isHubId(name)) return hubModelFiles(name, options);
  const names = knownModels.map((model) => model.name);
  const message = `is no folder, no .gguf file, no known model and no hub id${suggestion(name, names)}`;
  throw new CheckpointError({ file: name, message });
}

function pulledPath(model: KnownModel): string {
  const path = knownModelPath(model);
  if (existsSync(path)) return path;
  throw new CheckpointError({ file: model.name, message: `is not here yet: tttv2 pull ${model.name}` });
}
