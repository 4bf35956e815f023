import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { CheckpointError, DeviceLostError, RequestError, UnsupportedHardwareError } from '@tttv2/spec';
import { z } from 'zod';
import { encodeFrame, type Frame, FrameReader, type HostArray } from './frames.ts';

const replySchema = z.object({
  id: z.number().nullable(),
  progress: z.object({ loadedBytes: z.number(), totalBytes: z.number() }).optional(),
  error: z.object({ kind: z.enum(['refused', 'request', 'checkpoint', 'fault']), message: z.string() }).optional(),
});

interface Waiting {
  resolve(frame: Frame): void;
  reject(error: unknown): void;
  progress?: ((progress: { loadedBytes: number; totalBytes: number }) => void) | undefined;
}

/** The same from `src` and from `dist`. */
const script = fileURLToPath(new URL('../host/host.py', import.meta.url));

/** Exit code of a host that this Python cannot run (`python_trouble.py`). */
const cannotRun = 3;

/** Words of the host's own that are shown when it ends for no known reason. */
const keptWords = 4000;

/** The Python process that runs ttnn. Requests are answered in order. */
export class HostProcess {
  readonly #device: string;
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #reader = new FrameReader();
  readonly #waiting = new Map<number, Waiting>();
  readonly #ended: Promise<void>;
  #words = '';
  #next = 0;
  #end: Error | null = null;

  /** Starts `python`; `environment` is added to ours. */
  constructor(device: string, python: string, environment: Readonly<Record<string, string>> = {}) {
    this.#device = device;
    this.#child = spawn(python, [script], { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...environment } });
    this.#child.stdout.on('data', (chunk: Uint8Array) => this.#receive(chunk));
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#words = (this.#words + text).slice(-keptWords);
    });
    // A host that has ended is noticed by its end, not by what cannot be written to it.
    this.#child.stdin.on('error', () => {});
    this.#ended = new Promise((resolve) => {
      this.#child.on('error', ({ message }) => {
        this.#fail(this.#unusable(`"${python}" cannot be started (${message})`), resolve);
      });
      this.#child.on('close', (code, signal) => {
        const words = this.#words.trim();
        const said = words === '' ? '' : `; its last words:\n${words}`;
        const message = `the Python host ended with ${signal ?? `exit code ${code}`}${said}`;
        const lost = new DeviceLostError({ device, message });
        this.#fail(code === cannotRun ? this.#unusable(`"${python}" cannot run ttnn: ${words}`) : lost, resolve);
      });
    });
  }

  get isAlive(): boolean {
    return this.#end === null;
  }

  /** Sends a request; the last reply to it. @throws the error that the reply tells of. */
  async request(
    op: string,
    fields: Readonly<Record<string, unknown>> = {},
    { arrays = {}, progress }: { arrays?: Readonly<Record<string, HostArray>>; progress?: Waiting['progress'] } = {},
  ): Promise<Frame> {
    if (this.#end !== null) throw this.#end;
    const id = this.#next++;
    this.#hold();
    const reply = new Promise<Frame>((resolve, reject) => this.#waiting.set(id, { resolve, reject, progress }));
    for (const piece of encodeFrame({ id, op, ...fields }, arrays)) this.#child.stdin.write(piece);
    return reply;
  }

  /** Lets the host finish and end. */
  async close(): Promise<void> {
    this.#hold();
    this.#child.stdin.end();
    await this.#ended;
  }

  /** While an answer is due our process waits for the host; at other times it may end, and the host with it. */
  #hold(): void {
    for (const handle of this.#handles()) handle.ref();
  }

  #letGo(): void {
    for (const handle of this.#handles()) handle.unref();
  }

  #handles(): Handle[] {
    const { stdin, stdout, stderr } = this.#child;
    const all: object[] = [this.#child, stdin, stdout, stderr];
    return all.filter(isHandle);
  }

  #receive(chunk: Uint8Array): void {
    try {
      for (const frame of this.#reader.push(chunk)) this.#answer(frame);
    } catch (error) {
      this.#words += `\n${error instanceof Error ? error.message : String(error)}`;
      this.#child.kill();
    }
  }

  #answer(frame: Frame): void {
    const { id, progress, error } = replySchema.parse(frame.header);
    const waiting = id === null ? undefined : this.#waiting.get(id);
    if (progress !== undefined) {
      waiting?.progress?.(progress);
      return;
    }
    if (id !== null) this.#waiting.delete(id);
    if (this.#waiting.size === 0) this.#letGo();
    if (error === undefined) waiting?.resolve(frame);
    else waiting?.reject(this.#errorOf(error));
  }

  #errorOf({ kind, message }: { kind: 'refused' | 'request' | 'checkpoint' | 'fault'; message: string }): Error {
    const device = this.#device;
    switch (kind) {
      case 'refused':
        return new UnsupportedHardwareError({ device, message: `${device}: ${message}` });
      case 'request':
        return new RequestError({ field: device, message });
      case 'checkpoint':
        return new CheckpointError({ file: device, message });
      case 'fault':
        return new DeviceLostError({ device, message: `${device}: ${message}` });
    }
  }

  #unusable(reason: string): UnsupportedHardwareError {
    const device = this.#device;
    const message = `${device}: ${reason}; give the path of a Python 3.10 or 3.12 that has ttnn and torch, e.g. in TTTV2_PYTHON`;
    return new UnsupportedHardwareError({ device, message });
  }

  #fail(error: Error, done: () => void): void {
    this.#end ??= error;
    for (const { reject } of this.#waiting.values()) reject(this.#end);
    this.#waiting.clear();
    done();
  }
}

/** Something that keeps our process from ending. */
interface Handle {
  ref(): void;
  unref(): void;
}

/** Pipes are sockets, whatever their declared type. */
function isHandle(thing: object): thing is Handle {
  return 'ref' in thing && typeof thing.ref === 'function' && 'unref' in thing && typeof thing.unref === 'function';
}
