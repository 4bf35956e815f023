import { constants } from 'node:os';

const signals = ['SIGINT', 'SIGTERM'] as const;

/** Ctrl-C, or a polite kill: once ends the command in order, a second time ends the process at once. */
export class Interruption implements Disposable {
  readonly #controller = new AbortController();
  #exitCode: number | null = null;
  #handler: (() => boolean) | null = null;

  constructor() {
    for (const name of signals) process.on(name, this.#interrupt);
  }

  [Symbol.dispose](): void {
    for (const name of signals) process.off(name, this.#interrupt);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** As shells report it, 130 for Ctrl-C; null when nothing interrupted. */
  get exitCode(): number | null {
    return this.#exitCode;
  }

  /** Until it is disposed, Ctrl-C ends nothing where `handler` says that it dealt with it. */
  handle(handler: () => boolean): Disposable {
    this.#handler = handler;
    return {
      [Symbol.dispose]: () => {
        this.#handler = null;
      },
    };
  }

  readonly #interrupt = (name: (typeof signals)[number]): void => {
    if (name === 'SIGINT' && this.#handler?.()) return;
    process.off(name, this.#interrupt);
    this.#exitCode ??= 128 + constants.signals[name];
    this.#controller.abort();
  };
}
