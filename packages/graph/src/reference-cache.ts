import type { StateRow, StateStore } from './state-store.ts';

/** What every sequence has left in the states of one device, token by token, in plain arrays. */
export class ReferenceCache implements StateStore {
  readonly #rows = new Map<string, StateRow[]>();

  write(state: string, slot: number, index: number, row: StateRow): void {
    const rows = this.#rows.get(rowsKey(state, slot)) ?? [];
    rows[index] = row;
    this.#rows.set(rowsKey(state, slot), rows);
  }

  read(state: string, slot: number): readonly StateRow[] {
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
    return [...rows].flat().reduce((sum, { byteLength }) => sum + byteLength, 0);
  }
}

function rowsKey(state: string, slot: number): string {
  return `${slot} ${state}`;
}

function parseKey(key: string): [string, number] {
  const space = key.indexOf(' ');
  return [key.slice(space + 1), Number(key.slice(0, space))];
}
