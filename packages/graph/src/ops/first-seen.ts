/** How far a token sees back, by the attributes of attention. */
export interface Sight {
  window: number | null;
  chunk: number | null;
}

/** The first token that the one at `index` sees. */
export function firstSeen(index: number, { window, chunk }: Sight): number {
  return Math.max(window === null ? 0 : index + 1 - window, chunk === null ? 0 : index - (index % chunk), 0);
}
