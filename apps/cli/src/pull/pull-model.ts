import { isHubId } from '@tttv2/hf';
import { CheckpointError } from '@tttv2/spec';
import { knownModel, knownModels } from '../known-models.ts';
import { suggestion } from '../nearest.ts';
import { pullHubModel } from './pull-hub-model.ts';
import { type PullOptions, pullKnownModel } from './pull-known-model.ts';
import type { Pulled } from './pulled.ts';

/** Fetches a model by its name or hub id. @throws CheckpointError */
export async function pullModel(name: string, options: PullOptions): Promise<Pulled> {
  const known = knownModel(name);
  if (known !== undefined) return pullKnownModel(known, options);
  if (isHubId(name)) return pullHubModel(name, options.signal);
  const names = knownModels.map((model) => model.name);
  const message = `is neither a known model (${names.join(', ')}) nor a hub id (owner/name)${suggestion(name, names)}`;
  throw new CheckpointError({ file: name, message });
}
