import { type Backend, type CompileOptions, type ExecutionMode, opset, type WeightSource } from '@tttv2/graph';
import { describeWeights } from './device-weights.ts';
import { boards } from './devices/index.ts';
import { emitProgram } from './emit-program.ts';
import { HostModel } from './host-model.ts';
import { HostPool } from './host-pool.ts';
import type { HostProcess } from './host-process.ts';
import { installedBoards } from './installed-boards.ts';
import type { LoweredProgram } from './lower-program.ts';
import { noPadding, type Padding } from './specialize.ts';
import { supports } from './supports.ts';
import { TtExecutable } from './tt-executable.ts';

export interface TtBackendOptions {
  /** How programs are run; default `device`. */
  mode?: ExecutionMode;
  /** The Python (3.10 or 3.12) that has ttnn and torch; default the environment's TTTV2_PYTHON, else `python3`. */
  python?: string;
  /** For tests: what stands where no token is, and in new caches. */
  padding?: Padding & { cache: number };
}

/** A backend whose `compile` gives what only this one has. */
export interface TtBackend extends Backend {
  compile(...args: Parameters<Backend['compile']>): Promise<TtExecutable>;
}

/** What a board is that is not there. */
const notThere = {
  reference: "ttnn's golden functions on the CPU",
  acceptance: 'a mock: nothing is computed',
} as const;

/**
 * Tenstorrent boards. In mode `reference` programs are computed by ttnn's golden functions on the CPU; in mode
 * `acceptance` ttnn checks them for a board that is not there, and every number is zero.
 */
export function ttBackend({ mode = 'device', python = defaultPython(), padding }: TtBackendOptions = {}): TtBackend {
  const pool = new HostPool(mode, python);
  let count = 0;
  return {
    contract: 'v1',
    opset,
    name: 'tt',
    // As tt-transformers chooses them: narrow where most bytes are, and what attention reads and keeps in 16 bits.
    presets: {
      performance: {
        ff1_3: 'bfloat4_b',
        ff2: 'bfloat8_b',
        wqkv: 'bfloat8_b',
        wo: 'bfloat8_b',
        kv_cache: 'bfloat8_b',
      },
      accuracy: { ff1_3: 'bfloat8_b', ff2: 'bfloat8_b', wqkv: 'bfloat16', wo: 'bfloat16', kv_cache: 'bfloat16' },
    },
    async devices() {
      if (mode === 'device') return (await installedBoards(boards)).map(({ spec }) => spec);
      // Golden functions compute in this machine's memory.
      const memory = mode === 'reference' ? { memoryBytes: null } : {};
      return boards.map(({ spec }) => ({
        ...spec,
        ...memory,
        description: `${spec.description} (${notThere[mode]})`,
      }));
    },
    supports: (node, graph, hardware) => supports(node, graph, hardware, mode),
    async compile(program, weights, hardware, { progress, signal } = {}) {
      const { module, lowered, hardware: config, title } = emitProgram(program, hardware, { mode });
      signal?.throwIfAborted();
      const { host, refusals, release } = await pool.acquire(lowered.board.spec.name);
      try {
        const model = await load(host, lowered, weights, { name: `program_${++count}`, module: module.text }, progress);
        if (signal?.aborted) await model.unload();
        signal?.throwIfAborted();
        const { cache: cacheFill, ...rows } = padding ?? { cache: undefined, ...noPadding };
        const facts = { model, program: lowered, module, title, mode, hardware: config, refusals };
        return new TtExecutable({ ...facts, padding: rows, cacheFill, onDispose: release });
      } catch (error) {
        await release();
        throw error;
      }
    },
  };
}

async function load(
  host: HostProcess,
  { graph, parameters }: LoweredProgram,
  weights: WeightSource,
  module: { name: string; module: string },
  progress: CompileOptions['progress'],
): Promise<HostModel> {
  const { dispose, ...described } = await describeWeights(graph, parameters, weights);
  try {
    return await HostModel.load(host, { ...module, ...described }, progress);
  } finally {
    await dispose();
  }
}

function defaultPython(): string {
  return process.env.TTTV2_PYTHON ?? 'python3';
}
