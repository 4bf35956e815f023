import { existsSync } from 'node:fs';
import { type Backend, type ExecutionMode, isCollective, opset } from '@tttv2/graph';
import { z } from 'zod';
import { describeWeights } from './device-weights.ts';
import { boards } from './devices/index.ts';
import { emitProgram } from './emit-program.ts';
import { HostProcess } from './host-process.ts';
import { tile } from './phase.ts';
import { noPadding, type Padding } from './specialize.ts';
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

/** Where the vendor's driver shows boards. */
const driver = '/dev/tenstorrent';

/**
 * Tenstorrent boards. In mode `reference` programs are computed by ttnn's golden functions on the CPU; in mode
 * `acceptance` ttnn checks them for a board that is not there, and every number is zero.
 */
export function ttBackend({ mode = 'device', python = defaultPython(), padding }: TtBackendOptions = {}): TtBackend {
  return {
    contract: 'v1',
    opset,
    name: 'tt',
    async devices() {
      return mode === 'device' && !existsSync(driver) ? [] : boards.map(({ spec }) => spec);
    },
    supports(node, graph, { useFusedKernels, deviceType }) {
      if (isCollective(node))
        return { kind: 'unsupported', reason: `${deviceType} is one chip: it has nobody to exchange with` };
      const isFused = node.op === 'linear' || node.op === 'rms_norm' || node.op === 'layer_norm' || node.op === 'glu';
      if (isFused && useFusedKernels === false) return { kind: 'decompose' };
      const headDim = node.op === 'attention' ? (graph.states[node.attrs.state]?.headDim ?? 0) : 0;
      if (mode !== 'reference' && headDim % tile !== 0)
        return {
          kind: 'unsupported',
          reason: `its heads have ${headDim} dimensions, and ttnn's attention wants whole tiles of ${tile}`,
        };
      return { kind: 'native' };
    },
    async compile(program, weights, hardware, { progress, signal } = {}) {
      const { module, lowered, hardware: config, title } = emitProgram(program, hardware, { mode });
      const board = lowered.board.spec.name;
      signal?.throwIfAborted();
      const described = await describeWeights(lowered.graph, lowered.parameters, weights, signal);
      const host = new HostProcess(board, python);
      try {
        await host.request('open', { mode, board, mesh: [1, 1] });
        signal?.throwIfAborted();
        const request = {
          module: module.text,
          name: 'program',
          parameters: described.parameters,
          files: described.files,
        };
        const { header } = await host.request('load', request, { progress });
        signal?.throwIfAborted();
        const weightBytes = z.number().parse(header.bytes);
        const facts = { host, program: lowered, module, title, mode, hardware: config, weightBytes };
        const { cache: cacheFill, ...rows } = padding ?? { cache: undefined, ...noPadding };
        return new TtExecutable({ ...facts, padding: rows, cacheFill, onDispose: described.dispose });
      } catch (error) {
        await host.close();
        await described.dispose();
        throw error;
      }
    },
  };
}

function defaultPython(): string {
  return process.env.TTTV2_PYTHON ?? 'python3';
}
