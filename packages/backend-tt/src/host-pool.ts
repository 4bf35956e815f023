import type { ExecutionMode } from '@tttv2/graph';
import { z } from 'zod';
import type { Frame } from './frames.ts';
import { HostProcess } from './host-process.ts';

/** How long a board stays open that nobody uses: opening it again takes seconds. */
const lingerMs = 10_000;

interface OpenHost {
  host: HostProcess;
  opened: Promise<Frame>;
  users: number;
  closing?: ReturnType<typeof setTimeout>;
}

/** A board that is open, until it is released. */
export interface Lease {
  host: HostProcess;
  /** What ttnn said, on a mock of the board, to programs that no board can run; empty in other modes. */
  refusals: readonly string[];
  release(): Promise<void>;
}

const openedSchema = z.object({ refusals: z.array(z.string()) });

/** Python hosts by board: one process has a board open for all programs that run on it. */
export class HostPool {
  readonly #mode: ExecutionMode;
  readonly #python: string;
  readonly #hosts = new Map<string, OpenHost>();

  constructor(mode: ExecutionMode, python: string) {
    this.#mode = mode;
    this.#python = python;
  }

  /** @throws UnsupportedHardwareError, DeviceLostError when the board cannot be opened. */
  async acquire(board: string): Promise<Lease> {
    const open = this.#open(board);
    open.users++;
    clearTimeout(open.closing);
    const release = () => this.#release(board, open);
    try {
      const { refusals } = openedSchema.parse((await open.opened).header);
      return { host: open.host, refusals, release };
    } catch (error) {
      open.users = 0;
      await this.#close(board, open);
      throw error;
    }
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
