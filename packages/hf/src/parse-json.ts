import { CheckpointError } from '@tttv2/spec';
import type { z } from 'zod';

/** JSON text of a checkpoint's file, checked. @throws CheckpointError that names the file and the field. */
export function parseJson<T>(text: string, schema: z.ZodType<T>, file: string): T {
  const result = schema.safeParse(parse(text, file));
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const at = issue === undefined || issue.path.length === 0 ? '' : `"${issue.path.join('.')}": `;
  throw new CheckpointError({ file, message: `${at}${issue?.message}`, cause: result.error });
}

function parse(text: string, file: string): unknown {
  try {
    return JSON.parse(withoutPythonNumbers(text));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CheckpointError({ file, message: `is not JSON: ${reason}`, cause });
  }
}

/** Python writes numbers that JSON does not have; transformers 5 writes objects in their place, and so they are read here. */
function withoutPythonNumbers(text: string): string {
  return text.replaceAll(/"(?:[^"\\]|\\.)*"|-?Infinity|NaN/g, (found) =>
    found.startsWith('"') ? found : `{"__float__":"${found}"}`,
  );
}
