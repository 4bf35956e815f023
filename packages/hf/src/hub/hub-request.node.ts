import type { HubSettings } from './hub-settings.node.ts';

/** What the hub library needs to know for a request that has a short answer: whom to ask, as whom, and for how long. */
export function hubParams({ endpoint, token, timeoutMs, signal }: HubSettings): {
  hubUrl?: string;
  accessToken?: string;
  fetch: typeof fetch;
} {
  return {
    ...(endpoint === undefined ? {} : { hubUrl: endpoint }),
    ...(token === undefined ? {} : { accessToken: token }),
    fetch: (input, init) => {
      const timeout = AbortSignal.timeout(timeoutMs);
      return fetch(input, { ...init, signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]) });
    },
  };
}
