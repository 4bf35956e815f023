import type { ModelFiles, OpenFile } from '../files.ts';

/** Opens all files, or none: when one fails, those that were opened are closed again. */
export async function openFiles(files: ModelFiles, names: readonly string[]): Promise<Map<string, OpenFile>> {
  const opened = await Promise.allSettled(names.map(async (name) => [name, await files.open(name)] as const));
  const open = new Map(opened.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : [])));
  const failed = opened.find((result) => result.status === 'rejected');
  if (failed === undefined) return open;
  await closeFiles(open);
  throw failed.reason;
}

/** Runs `work` on open files; when it fails they are closed. */
export async function closedOnFailure<T>(files: ReadonlyMap<string, OpenFile>, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await closeFiles(files);
    throw error;
  }
}

export async function closeFiles(files: ReadonlyMap<string, OpenFile>): Promise<void> {
  await Promise.all([...files.values()].map((file) => file.close()));
}
