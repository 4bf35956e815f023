import type { StoredView } from '@tttv2/graph';
import { CheckpointError } from '@tttv2/spec';
import { z } from 'zod';
import type { ModelFiles } from '../files.ts';
import { parseJson } from '../parse-json.ts';
import type { Checkpoint, HeaderOptions } from './checkpoint.ts';
import { closedOnFailure, openFiles } from './open-files.ts';
import { readSafetensorsHeader } from './safetensors.ts';

const singleName = 'model.safetensors';
const indexName = 'model.safetensors.index.json';

/** Names what a folder's tensors lie in: a file name, never a path out of the folder. */
const shardName = z
  .string()
  .regex(/^[^/\\]+\.safetensors$/, 'must be the name of a .safetensors file beside the index');
const indexSchema = z.object({ weight_map: z.record(z.string(), shardName) });

/** True when there are safetensors weights under the names that transformers looks for. */
export async function hasSafetensors(files: ModelFiles): Promise<boolean> {
  return (await files.has(singleName)) || (await files.has(indexName));
}

/**
 * Opens the weights of a model: `model.safetensors`, else the shards of `model.safetensors.index.json`.
 * @throws CheckpointError when a shard is missing, or index and shards contradict each other.
 */
export async function openSafetensors(files: ModelFiles, options: HeaderOptions = {}): Promise<Checkpoint> {
  const index = (await files.has(singleName)) ? null : await readIndex(files);
  const shards = index === null ? [singleName] : [...new Set(index.values())].sort();
  await checkPresent(files, shards);
  const open = await openFiles(files, shards);
  return closedOnFailure(open, async () => {
    const headers = await Promise.all(
      [...open].map(async ([shard, file]) => ({ shard, tensors: await readSafetensorsHeader(file, shard, options) })),
    );
    if (index !== null) for (const { shard, tensors } of headers) checkShard(index, shard, tensors);
    return { files: open, tensors: new Map(headers.flatMap(({ tensors }) => [...tensors])) };
  });
}

async function readIndex(files: ModelFiles): Promise<Map<string, string>> {
  const { weight_map } = parseJson(await files.readText(indexName), indexSchema, indexName);
  return new Map(Object.entries(weight_map));
}

async function checkPresent(files: ModelFiles, shards: readonly string[]): Promise<void> {
  const present = new Set(await files.list());
  const missing = shards.filter((shard) => !present.has(shard));
  const [first] = missing;
  if (first === undefined) return;
  const message = `names ${shards.length} files, but ${missing.length} of them are not there, ${first} for one: download them too`;
  throw new CheckpointError({ file: indexName, message });
}

/** A shard holds exactly the tensors that the index says. */
function checkShard(index: ReadonlyMap<string, string>, shard: string, tensors: ReadonlyMap<string, StoredView>): void {
  for (const tensor of tensors.keys()) {
    if (index.get(tensor) === shard) continue;
    const said = index.get(tensor) ?? 'no file';
    const message = `holds tensor "${tensor}", for which ${indexName} names ${said}: do they belong together?`;
    throw new CheckpointError({ file: shard, message });
  }
  for (const [tensor, name] of index) {
    if (name !== shard || tensors.has(tensor)) continue;
    const message = `lacks tensor "${tensor}", which ${indexName} says is here: do they belong together?`;
    throw new CheckpointError({ file: shard, message });
  }
}
