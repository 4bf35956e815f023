import { mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { getRepoFolderName } from '@huggingface/hub';

const commitHash = /^[0-9a-f]{40}$/;

/**
 * One model's part of the cache that Hugging Face's tools share: `refs/<revision>` holds a commit, `snapshots/<commit>/`
 * the files. They keep links to `blobs/` in a snapshot; we put the files there themselves, as they do on Windows.
 */
export class HubCache {
  readonly #folder: string;

  constructor(cacheDir: string, modelId: string) {
    this.#folder = join(cacheDir, getRepoFolderName({ type: 'model', name: modelId }));
  }

  snapshot(commit: string): string {
    return join(this.#folder, 'snapshots', commit);
  }

  /** Where a file of a commit grows until it is whole. */
  partial(commit: string, path: string): string {
    return join(this.#folder, 'blobs', `${commit}.${path.replaceAll('/', '.')}.incomplete`);
  }

  /** The commit that `revision` was when it was last asked for; null when it never was. */
  async commitOf(revision: string): Promise<string | null> {
    if (commitHash.test(revision)) return revision;
    const text = await readFile(this.#ref(revision), 'utf8').catch(() => '');
    return commitHash.test(text.trim()) ? text.trim() : null;
  }

  async rememberCommit(revision: string, commit: string): Promise<void> {
    if (revision === commit) return;
    const ref = this.#ref(revision);
    await mkdir(dirname(ref), { recursive: true });
    // Written beside and renamed: another process may be reading it.
    const beside = `${ref}.${process.pid}`;
    await writeFile(beside, commit);
    await rename(beside, ref);
  }

  /** Paths of the files of a commit that are here, with `/`. */
  async list(commit: string): Promise<string[]> {
    const folder = this.snapshot(commit);
    const paths = await readdir(folder, { recursive: true }).catch(() => []);
    const areFiles = await Promise.all(paths.map((path) => isFile(join(folder, path))));
    return paths.filter((_, index) => areFiles[index]).map((path) => path.replaceAll('\\', '/'));
  }

  #ref(revision: string): string {
    return join(this.#folder, 'refs', revision);
  }
}

export async function isFile(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => null);
  return found?.isFile() ?? false;
}
