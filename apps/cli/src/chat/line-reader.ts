import { createInterface, type Interface } from 'node:readline';

const prompt = '> ';

/** Lines of stdin. Where a person types them, a prompt asks for each; it is on stderr, beside what is told there. */
export class LineReader implements Disposable {
  readonly isTerminal = Boolean(process.stdin.isTTY && process.stderr.isTTY);
  readonly #interface: Interface;
  readonly #lines: AsyncIterator<string>;

  /** Lines end when `signal` is aborted. */
  constructor(signal: AbortSignal) {
    const terminal = this.isTerminal ? { output: process.stderr, terminal: true, prompt } : { terminal: false };
    this.#interface = createInterface({ input: process.stdin, signal, ...terminal });
    this.#lines = this.#interface[Symbol.asyncIterator]();
    // A terminal gives Ctrl-C to the line editor: pass it on as what it is elsewhere.
    this.#interface.on('SIGINT', () => process.emit('SIGINT', 'SIGINT'));
  }

  /** The next line, or null at the end. */
  async next(): Promise<string | null> {
    if (this.isTerminal) this.#interface.prompt();
    const { value, done } = await this.#lines.next();
    return done ? null : value;
  }

  /** Drops what was typed and asks anew. */
  clearLine(): void {
    this.#interface.write(null, { ctrl: true, name: 'u' });
    this.#interface.prompt();
  }

  [Symbol.dispose](): void {
    this.#interface.close();
  }
}
