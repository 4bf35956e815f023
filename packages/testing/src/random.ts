/** Numbers that look random and are the same for the same seed: xorshift over 32 bits (Marsaglia, 2003). */
export class Random {
  #state: number;

  constructor(seed: number) {
    // Any state but zero; a multiplication spreads small seeds.
    this.#state = Math.imul(seed + 1, 0x9e3779b9) | 1;
    for (let i = 0; i < 8; i++) this.#next();
  }

  /** 0 … bound - 1. */
  below(bound: number): number {
    return Math.floor((this.#next() / 2 ** 32) * bound);
  }

  /** True once in `times`. */
  once(times: number): boolean {
    return this.below(times) === 0;
  }

  /** @throws RangeError for an empty list. */
  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new RangeError('nothing to pick from');
    return item;
  }

  list<T>(length: number, element: (index: number) => T): T[] {
    return Array.from({ length }, (_, i) => element(i));
  }

  #next(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return x >>> 0;
  }
}
