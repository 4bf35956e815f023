import { dirname } from 'node:path';
import { CheckpointError } from '@tttv2/spec';
import { hubModelFiles } from '../hub-model-files.ts';
import type { Pulled } from './pulled.ts';

/** Fetches what a model of the hub needs to run, into the cache that Hugging Face's tools share. @throws CheckpointError */
export async function pullHubModel(id: string, signal: AbortSignal): Promise<Pulled> {
  const files = await hubModelFiles(id, { signal });
  const pulled: Pulled = { name: id, path: '', bytes: 0, from: 'the hub' };
  for (const name of neededFiles(id, await files.list())) {
    // To open a file is to fetch it.
    const file = await files.open(name);
    pulled.bytes += file.size;
    pulled.path = name.endsWith('.gguf') ? (file.path ?? '') : dirname(file.path ?? '');
    await file.close();
  }
  return pulled;
}

/** Weights that we read (safetensors, else one GGUF file) and all that is said beside them. */
function neededFiles(id: string, names: readonly string[]): string[] {
  const safetensors = names.filter((name) => /^model.*\.safetensors$/.test(name));
  const ggufs = names.filter((name) => name.endsWith('.gguf'));
  const texts = names.filter((name) => /\.(json|jinja)$/.test(name));
  const weights = safetensors.length > 0 ? safetensors : ggufs;
  if (weights.length === 0)
    throw new CheckpointError({ file: id, message: 'has no weights that are read here (safetensors or GGUF)' });
  if (weights === ggufs && ggufs.length > 1) {
    const message = `has ${ggufs.length} GGUF files: name one, as in ${id}/${ggufs[0]}; there are ${ggufs.join(', ')}`;
    throw new CheckpointError({ file: id, message });
  }
  return [...texts, ...weights];
}
