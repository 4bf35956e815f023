import type { LoadProgress } from '@tttv2/graph';
import { z } from 'zod';
import type { CallArray } from './call.ts';
import type { DeviceWeights } from './device-weights.ts';
import type { HostProcess } from './host-process.ts';
import type { Phase } from './phase.ts';

/** How calls of a program were computed in the reference mode. */
export interface ReferenceCalls {
  /** By ttnn's own golden functions. */
  golden: number;
  /** By our stand-ins, for ops that have none. */
  standIn: number;
  /** Of each op: which of the two, and how often. */
  byName: Record<string, ['golden' | 'standIn', number]>;
}

/** What one run of the program is to compute. */
export interface RunRequest {
  state: number;
  phase: Phase;
  /** Whose prompt it is. */
  user: number | null;
  arrays: Readonly<Record<string, CallArray>>;
  outputs: readonly string[];
  /** Functions whose result is wanted, called with these places. */
  taps: readonly { function: string; at: string }[];
}

const loadedSchema = z.object({ model: z.number(), bytes: z.number() });
const createdSchema = z.object({ state: z.number() });
const ranSchema = z.object({
  calls: z
    .object({
      golden: z.number(),
      standIn: z.number(),
      byName: z.record(z.string(), z.tuple([z.enum(['golden', 'standIn']), z.number()])),
    })
    .optional(),
});

/** A module and its weights in the Python host. */
export class HostModel {
  readonly weightBytes: number;
  readonly #host: HostProcess;
  readonly #model: number;
  readonly #name: string;

  private constructor(host: HostProcess, name: string, { model, bytes }: z.infer<typeof loadedSchema>) {
    this.#host = host;
    this.#name = name;
    this.#model = model;
    this.weightBytes = bytes;
  }

  /** Hands a module to the host, which reads and places the weights. `name` is what errors call the module. */
  static async load(
    host: HostProcess,
    { arrays, ...program }: { name: string; module: string } & Omit<DeviceWeights, 'dispose'>,
    progress?: (progress: LoadProgress) => void,
  ): Promise<HostModel> {
    const { header } = await host.request('load', program, { arrays, progress });
    return new HostModel(host, program.name, loadedSchema.parse(header));
  }

  /** Runs another module over the same weights. */
  async exchange(module: string): Promise<void> {
    await this.#request('load', { name: this.#name, module });
  }

  async createState(room: { users: number; length: number; fill?: number }): Promise<number> {
    const { header } = await this.#request('createState', room);
    return createdSchema.parse(header).state;
  }

  async freeState(state: number): Promise<void> {
    await this.#request('freeState', { state });
  }

  /** Copies the first `length` tokens of a user to another. */
  async forkState(state: number, copy: { from: number; to: number; length: number }): Promise<void> {
    await this.#request('forkState', { state, ...copy });
  }

  /** Outputs by name, taps by `function@at`; how it was computed where ttnn itself did not. */
  async run({ arrays, user, ...fields }: RunRequest): Promise<{
    arrays: ReadonlyMap<string, Float32Array>;
    calls: ReferenceCalls | null;
  }> {
    const who = user === null ? {} : { user };
    const reply = await this.#request('run', { ...fields, ...who }, arrays);
    const numbers = [...reply.arrays].map(([name, { data }]): [string, Float32Array] => [name, floatsOf(data)]);
    return { arrays: new Map(numbers), calls: ranSchema.parse(reply.header).calls ?? null };
  }

  async unload(): Promise<void> {
    await this.#request('unload');
  }

  #request(op: string, fields: Readonly<Record<string, unknown>> = {}, arrays: RunRequest['arrays'] = {}) {
    return this.#host.request(op, { model: this.#model, ...fields }, { arrays });
  }
}

function floatsOf(data: Float32Array | Int32Array): Float32Array {
  return data instanceof Float32Array ? data : Float32Array.from(data);
}
