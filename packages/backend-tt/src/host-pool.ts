import type { ExecutionMode } from '@tttv2/graph';
import { HostProcess } from './host-process.ts';

/** How long a board stays open that nobody uses: opening it again takes seconds. */
const lingerMs = 10_000;

interface OpenHost {
  host: HostProcess;
  opened: Promise<unknown>;
  users: number;
  closing?: ReturnType<typeof setTimeout>;
}

/** Python hosts by board: one process has a board open for all programs that run on it. */
export class HostPool {
  readonly #mode: ExecutionMode;
  readonly #python: string;
  readonly #hosts = new Map<string, OpenHost>();

  constructor(mode: ExecutionMode, python: string) {
    this.#mode = mode;
    this.#python = python;
  }

  /** The host of a board, until `release`. @throws UnsupportedHardwareError, DeviceLostError when it cannot be opened. */
  async acquire(board: string): Promise<{ host: HostProcess; release: () => Promise<void> }> {
    const open = this.#open(board);
    open.users++;
    clearTimeout(open.closing);
    const release = () => this.#release(board, open);
    try {
      await open.opened;
    } catch (error) {
      open.users = 0;
      await this.#close(board, open);
      throw error;
    }
    return { host: open.host, release };
  }

  #open(board: string): OpenHost {
    const known = this.#hosts.get(board);
    if (known?.host.isAlive) return known;
    const host = new HostProcess(board, this.#python);
    const opened = host.request('open', { mode: this.#mode, board, mesh: [1, 1] });
    const open = { host, opened, users: 0 };
    this.#hosts.set(board, open);
    return open;
  }

  async #release(board: string, open: OpenHost): Promise<void> {
    open.users--;
    if (open.users > 0) return;
    if (!open.host.isAlive) return this.#close(board, open);
    open.closing = setTimeout(() => void this.#close(board, open), lingerMs);
    // A program that has nothing else to do may end.
    open.closing.unref();
  }

  async #close(board: string, open: OpenHost): Promise<void> {
    if (this.#hosts.get(board) === open) this.#hosts.delete(board);
    await open.host.close();
  }
}
