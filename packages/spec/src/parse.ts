import type { z } from 'zod';
import { SpecError } from './errors/spec-error.ts';

/** Validates `value` with `schema`; the first thing that is wrong becomes a SpecError that names its path below `at`. */
export function parseWith<T>(schema: z.ZodType<T>, value: unknown, at = ''): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = firstIssue(result.error.issues);
  const path = [...(at === '' ? [] : [at]), ...issue.path.map(String)].join('.');
  const others = result.error.issues.length - 1;
  const more = others > 0 ? ` (and ${others} more)` : '';
  throw new SpecError({ path, message: `${issue.message}${more}`, cause: result.error });
}

type Issue = z.core.$ZodIssue;

/** A union fails with one issue for all its branches: the branch that got furthest tells most. */
function firstIssue(issues: readonly Issue[]): Issue {
  const [issue] = issues;
  if (issue === undefined) throw new Error('a failed parse has at least one issue');
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return issue;
  const deepest = issue.errors.map(firstIssue).reduce((a, b) => (b.path.length > a.path.length ? b : a));
  return { ...deepest, path: [...issue.path, ...deepest.path] };
}
