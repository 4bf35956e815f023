/** Aborts what has shown no sign of life for a while, or what its caller gave up. */
export interface Watchdog {
  readonly signal: AbortSignal;
  /** Starts the time anew. */
  alive(): void;
  /** Stops watching. */
  done(): void;
}

export function watchdog({ timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal | undefined }): Watchdog {
  const silence = new AbortController();
  const reason = new Error(`no sign of life for ${timeoutMs / 1000} s`);
  const timer = setTimeout(() => silence.abort(reason), timeoutMs);
  return {
    signal: signal === undefined ? silence.signal : AbortSignal.any([silence.signal, signal]),
    alive: () => void timer.refresh(),
    done: () => clearTimeout(timer),
  };
}
