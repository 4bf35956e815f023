import type { KnownModel } from '../known-models.ts';
import type { Source } from './source.ts';

/** A hub that has not answered by then is not there: waiting longer helps nobody who has another source. */
const answerMs = 4000;
/** Nor does a download come back to life after this. */
const stallMs = 20_000;

/** A file of the Hugging Face hub, or of the mirror in `HF_ENDPOINT`. */
export function hubSource({ id, revision, path }: KnownModel['hub']): Source {
  const url = `${process.env.HF_ENDPOINT || 'https://huggingface.co'}/${id}/resolve/${revision}/${path}`;
  return {
    name: new URL(url).host,
    async *read(signal) {
      const watch = new AbortController();
      const fail = () => watch.abort(new Error('it does not answer'));
      let timer = setTimeout(fail, answerMs);
      try {
        const response = await fetch(url, { signal: AbortSignal.any([signal, watch.signal]) });
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
