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
  /** What keys are called in the file that `values` has under another name. */
  writtenAs?: ReadonlyMap<string, string>;
}

/**
 * Checks a configuration against the schema of its family and fills in its defaults.
 * @throws SpecError that names the key whose value is wrong.
 * @throws UnsupportedModelError when a value asks for what nobody here implements.
 */
export function readConfig<T>(schema: z.ZodType<T>, found: FoundConfig): T {
  const { file, modelType, values, keyPrefix = '', writtenAs } = found;
  const result = schema.safeParse(values);
  if (result.success) return result.data;
  const { issues } = result.error;
  const issue = issues.find(isUnsupported) ?? issues[0];
  const keys = issue?.path.map((key, i) => (i === 0 && writtenAs?.get(String(key))) || String(key)) ?? [];
  const path = `${keyPrefix}${keys.join('.')}`;
  const message = `${issue?.message} (in ${file})`;
  if (issue === undefined || !isUnsupported(issue)) throw new SpecError({ path, message, cause: result.error });
  throw new UnsupportedModelError({ modelType, keys: [path], message: `${path}: ${message}` });
}
