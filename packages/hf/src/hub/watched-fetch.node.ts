/** Nothing arrived for too long. */
export class Stalled extends Error {
  constructor(timeoutMs: number) {
    super(`no answer within ${timeoutMs / 1000} s`);
  }
}

/** A response whose body is given up, like the request before it, when nothing arrives for `timeoutMs`. */
export interface WatchedResponse {
  readonly response: Response;
  body(): AsyncGenerator<Uint8Array>;
}

/** @throws Stalled when nothing arrives for `timeoutMs`; the signal's reason when it was aborted. */
export async function watchedFetch(
  input: Parameters<typeof fetch>[0],
  init: Parameters<typeof fetch>[1],
  { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal | undefined },
): Promise<WatchedResponse> {
  const stalled = new AbortController();
  const timer = setTimeout(() => stalled.abort(new Stalled(timeoutMs)), timeoutMs);
  const either = signal === undefined ? stalled.signal : AbortSignal.any([stalled.signal, signal]);
  try {
    const response = await fetch(input, { ...init, signal: either });
    return { response, body: () => watchedBody(response, timer) };
  } finally {
    clearTimeout(timer);
  }
}

async function* watchedBody(response: Response, timer: NodeJS.Timeout): AsyncGenerator<Uint8Array> {
  try {
    timer.refresh();
    for await (const chunk of response.body ?? []) {
      yield chunk;
      timer.refresh();
    }
  } finally {
    clearTimeout(timer);
  }
}
