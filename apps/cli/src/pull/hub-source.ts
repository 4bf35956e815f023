import { hubSettings } from '@tttv2/hf/node';
import type { KnownModel } from '../known-models.ts';
import type { Source } from './source.ts';

export interface Patience {
  /** A hub that has not answered by then is not there: waiting longer helps nobody who has another source. */
  answerMs?: number;
  /** A download that stood still for so long does not come back to life. */
  stallMs?: number;
}

/** A file of the Hugging Face hub, or of the mirror in `HF_ENDPOINT`; nobody is asked with `HF_HUB_OFFLINE`. */
export function hubSource(
  { id, revision, path }: KnownModel['hub'],
  { answerMs = 4000, stallMs = 20_000 }: Patience = {},
): Source {
  const { endpoint = 'https://huggingface.co', token, offline } = hubSettings();
  const url = new URL(`${id}/resolve/${revision}/${path}`, `${endpoint}/`);
  const headers: HeadersInit = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  return {
    name: url.host,
    async *read(signal) {
      if (offline) throw new Error('it is not to be asked (HF_HUB_OFFLINE)');
      const watch = new AbortController();
      const fail = () => watch.abort(new Error('it does not answer'));
      let timer = setTimeout(fail, answerMs);
      try {
        const response = await fetch(url, { headers, signal: AbortSignal.any([signal, watch.signal]) });
        if (!response.ok || response.body === null) throw new Error(`it answers ${response.status}`);
        for await (const chunk of response.body) {
          clearTimeout(timer);
          timer = setTimeout(fail, stallMs);
          yield chunk;
        }
      } finally {
        clearTimeout(timer);
      }
    },
  };
}
