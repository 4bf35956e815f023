/** The tokens of one sequence, as penalties count them. */
export class TokenHistory {
  readonly #seen: Set<number>;
  readonly #generated = new Map<number, number>();

  constructor(promptIds: Iterable<number>) {
    this.#seen = new Set(promptIds);
  }

  /** Every token of the sequence, prompt included. */
  get seen(): ReadonlySet<number> {
    return this.#seen;
  }

  /** How often each token was generated; the prompt does not count. */
  get generated(): ReadonlyMap<number, number> {
    return this.#generated;
  }

  /** A token was generated. */
  add(id: number): void {
    this.#seen.add(id);
    this.#generated.set(id, (this.#generated.get(id) ?? 0) + 1);
  }
}
