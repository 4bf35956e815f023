/**
 * Watches text for strings that end it, also across the pieces in which it comes. The text ends where the first of them
 * is complete; of several that are complete there, before the longest. So the pieces make no difference.
 */
export class StopStrings {
  readonly #stops: readonly string[];
  #held = '';

  constructor(stops: readonly string[]) {
    this.#stops = stops.filter((stop) => stop !== '');
  }

  /** The part of the text so far that can be shown: before a stop string, and without what may become one. */
  push(text: string): { text: string; isStopped: boolean } {
    const all = this.#held + text;
    const [first] = this.#stops
      .map((stop) => ({ from: all.indexOf(stop), length: stop.length }))
      .filter(({ from }) => from >= 0)
      .sort((a, b) => a.from + a.length - (b.from + b.length) || a.from - b.from);
    if (first !== undefined) return { text: all.slice(0, first.from), isStopped: true };
    const held = Math.max(0, ...this.#stops.map((stop) => overlap(all, stop)));
    this.#held = all.slice(all.length - held);
    return { text: all.slice(0, all.length - held), isStopped: false };
  }

  /** What was held back, when no more text comes. */
  end(): string {
    return this.#held;
  }
}

/** Length of the longest end of `text` that is a beginning of `stop`. */
function overlap(text: string, stop: string): number {
  for (let length = Math.min(stop.length - 1, text.length); length > 0; length--) {
    if (text.endsWith(stop.slice(0, length))) return length;
  }
  return 0;
}
