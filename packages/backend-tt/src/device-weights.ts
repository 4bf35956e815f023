import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Graph, WeightExpr, WeightSource } from '@tttv2/graph';
import { describeParameters, partsOf } from '@tttv2/graph';
import type { CallArray } from './call.ts';
import type { DeviceParameter } from './device-parameter.ts';

/** What the host needs to know to read every weight of a program by itself. */
export interface DeviceWeights {
  parameters: readonly { name: string; expr: WeightExpr }[];
  files: readonly { name: string; path: string }[];
  /** Numbers that the program itself holds, by name: they go to the host as they are. */
  arrays: Readonly<Record<string, CallArray>>;
  /** Removes what had to be written down for the host. */
  dispose(): Promise<void>;
}

/** Bytes that are copied at a time. */
const pieceBytes = 2 ** 24;

/**
 * Each weight of the device as an expression over files. Files that do not lie in a file system are written to a
 * temporary folder.
 */
export async function describeWeights(
  graph: Graph,
  parameters: readonly DeviceParameter[],
  source: WeightSource,
): Promise<DeviceWeights> {
  const folder = await mkdtemp(join(tmpdir(), 'tttv2-weights-'));
  const dispose = () => rm(folder, { recursive: true, force: true });
  try {
    const described = describeParameters(graph, source);
    const arrays: Record<string, CallArray> = {};
    const exprs: { name: string; expr: WeightExpr }[] = [];
    for (const { name, shape, content } of parameters) {
      if (content.kind === 'numbers') arrays[name] = { dtype: 'float32', shape, data: Float32Array.from(content.data) };
      else exprs.push({ name, expr: content.make(content.from.flatMap((part) => described.get(part) ?? [])) });
    }
    const used = filesIn(exprs.map(({ expr }) => expr));
    const files: { name: string; path: string }[] = [];
    for (const [name, file] of source.files) {
      if (used.has(name)) files.push({ name, path: file.path ?? (await copy(file, join(folder, `${files.length}`))) });
    }
    return { parameters: exprs, files, arrays, dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

async function copy(file: { size: number; read(offset: number, length: number): Promise<Uint8Array> }, path: string) {
  const target = await open(path, 'wx');
  try {
    for (let at = 0; at < file.size; at += pieceBytes) {
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
    partsOf(expr).forEach(visit);
  };
  exprs.forEach(visit);
  return files;
}
