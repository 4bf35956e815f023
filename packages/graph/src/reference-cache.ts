import type { StateStore } from './state-store.ts';

type Row = { key: Float32Array; value: Float32Array };

/** Keys and values of every sequence on one device, in plain arrays. */
export class ReferenceCache implements StateStore {
  readonly #rows = new Map<string, Row[]>();

  write(state: string, slot: number, index: number, key: Float32Array, value: Float32Array): void {
    const rows = this.#rows.get(rowsKey(state, slot)) ?? [];
    rows[index] = { key, value };
    this.#rows.set(rowsKey(state, slot), rows);
  }

  read(state: string, slot: number): readonly Row[] {
    return this.#rows.get(rowsKey(state, slot)) ?? [];
  }

  fork(from: number, to: number, length: number): void {
    for (const [key, rows] of this.#rows) {
      const [state, slot] = parseKey(key);
      if (slot === from) this.#rows.set(rowsKey(state, to), rows.slice(0, length));
    }
  }

  clear(): void {
    this.#rows.clear();
  }

  /** Forks share rows. */
  get bytes(): number {
    const rows = new Set([...this.#rows.values()].flat());
    return [...rows].reduce((sum, { key, value }) => sum + key.byteLength + value.byteLength, 0);
  }
}

function rowsKey(state: string, slot: number): string {
  return `${slot} ${state}`;
}

function parseKey(key: string): [string, number] {
  const space = key.indexOf(' ');
  return [key.slice(space + 1), Number(key.slice(0, space))];
}
