import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Graph, WeightExpr, WeightSource } from '@tttv2/graph';
import { describeParameters } from '@tttv2/graph';
import type { DeviceParameter } from './device-parameter.ts';

/** What the host needs to know to read every weight of a program by itself. */
export interface DeviceWeights {
  parameters: readonly { name: string; expr: WeightExpr }[];
  files: readonly { name: string; path: string }[];
  /** Removes what had to be written down for the host. */
  dispose(): Promise<void>;
}

/** Bytes that are copied at a time. */
const pieceBytes = 2 ** 24;
const numbersFile = 'numbers of the program';

/**
 * Each weight of the device as an expression over files. What does not lie in a file system (weights in memory, numbers
 * that the program holds) is written to a temporary folder.
 */
export async function describeWeights(
  graph: Graph,
  parameters: readonly DeviceParameter[],
  source: WeightSource,
  signal?: AbortSignal,
): Promise<DeviceWeights> {
  const folder = await mkdtemp(join(tmpdir(), 'tttv2-weights-'));
  const dispose = () => rm(folder, { recursive: true, force: true });
  try {
    const described = describeParameters(graph, source);
    const numbers = new NumbersFile();
    const exprs = parameters.map(({ name, shape, content }) => {
      if (content.kind === 'numbers') return { name, expr: numbers.add(shape, content.data) };
      const parts = content.from.map((part) => described.get(part)).filter((part) => part !== undefined);
      return { name, expr: content.make(parts) };
    });
    const used = filesIn(exprs.map(({ expr }) => expr));
    const files: { name: string; path: string }[] = [];
    for (const [name, file] of source.files) {
      if (!used.has(name)) continue;
      files.push({ name, path: file.path ?? (await copy(file, join(folder, String(files.length)), signal)) });
    }
    if (used.has(numbersFile)) files.push({ name: numbersFile, path: await numbers.write(join(folder, 'numbers')) });
    return { parameters: exprs, files, dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/** Float32 numbers one after the other. */
class NumbersFile {
  readonly #numbers: number[] = [];

  add(shape: readonly number[], data: readonly number[]): WeightExpr {
    const offset = this.#numbers.length * 4;
    this.#numbers.push(...data);
    return { kind: 'stored', file: numbersFile, offset, bytes: data.length * 4, dtype: 'float32', shape: [...shape] };
  }

  async write(path: string): Promise<string> {
    const file = await open(path, 'wx');
    await file.writeFile(new Uint8Array(Float32Array.from(this.#numbers).buffer));
    await file.close();
    return path;
  }
}

async function copy(
  file: { size: number; read(offset: number, length: number): Promise<Uint8Array> },
  path: string,
  signal?: AbortSignal,
) {
  const target = await open(path, 'wx');
  try {
    for (let at = 0; at < file.size; at += pieceBytes) {
      signal?.throwIfAborted();
      await target.writeFile(await file.read(at, Math.min(pieceBytes, file.size - at)));
    }
  } finally {
    await target.close();
  }
  return path;
}

function filesIn(exprs: readonly WeightExpr[]): Set<string> {
  const files = new Set<string>();
  const visit = (expr: WeightExpr): void => {
    if (expr.kind === 'stored') files.add(expr.file);
    else if ('of' in expr) for (const part of Array.isArray(expr.of) ? expr.of : [expr.of]) visit(part);
  };
  exprs.forEach(visit);
  return files;
}
