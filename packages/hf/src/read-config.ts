import { SpecError, UnsupportedModelError } from '@tttv2/spec';
import type { z } from 'zod';
import { isUnsupported } from './config-values.ts';

/** A configuration as it was found: a `config.json`, or the metadata of a GGUF file. */
export interface FoundConfig {
  /** The file as it was named to us. */
  file: string;
  /** `model_type` or architecture. */
  modelType: string;
  values: Readonly<Record<string, unknown>>;
  /** What stands before every key in the file and is left out in `values`. */
  keyPrefix?: string;
}

/**
 * Checks a configuration against the schema of its family and fills in its defaults.
 * @throws SpecError that names the key whose value is wrong.
 * @throws UnsupportedModelError when a value asks for what nobody here implements.
 */
export function readConfig<T>(schema: z.ZodType<T>, { file, modelType, values, keyPrefix = '' }: FoundConfig): T {
  const result = schema.safeParse(values);
  if (result.success) return result.data;
  const { issues } = result.error;
  const issue = issues.find(isUnsupported) ?? issues[0];
  const path = `${keyPrefix}${issue?.path.join('.') ?? ''}`;
  const message = `${issue?.message} (in ${file})`;
  if (issue === undefined || !isUnsupported(issue)) throw new SpecError({ path, message, cause: result.error });
  throw new UnsupportedModelError({ modelType, keys: [path], message: `${path}: ${message}` });
}
