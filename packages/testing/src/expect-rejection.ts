/** The error that `action` throws or rejects with. @throws Error when there is none, or it is of another kind. */
export async function expectRejection<Failure>(
  action: () => unknown,
  isExpected: (error: unknown) => error is Failure,
  what: string,
): Promise<Failure> {
  const [outcome] = await Promise.allSettled([(async () => action())()]);
  if (outcome.status === 'fulfilled') throw new Error(`expected ${what}, but nothing was thrown`);
  if (isExpected(outcome.reason)) return outcome.reason;
  throw new Error(`expected ${what}, but found ${outcome.reason}`, { cause: outcome.reason });
}

/** Any error at all. */
export function isError(error: unknown): error is Error {
  return error instanceof Error;
}
