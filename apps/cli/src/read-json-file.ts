import { readFile } from 'node:fs/promises';
import { parseJson } from '@tttv2/hf';
import { CheckpointError } from '@tttv2/spec';
import type { z } from 'zod';

/** A JSON file that was named on the command line, checked. @throws CheckpointError that names the file and what is wrong in it. */
export async function readJsonFile<T>(path: string, schema: z.ZodType<T>): Promise<T> {
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    const reason = cause.code === 'ENOENT' ? 'there is no such file' : cause.message;
    throw new CheckpointError({ file: path, message: `cannot be read: ${reason}`, cause });
  });
  return parseJson(text, schema, path);
}
