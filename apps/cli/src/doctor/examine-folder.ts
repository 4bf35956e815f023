import { access, constants, readdir, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { showBytes } from '../units.ts';
import type { Finding } from './finding.ts';

/** Whether the folder of fetched models, or the nearest there is above it, can be written to, and what is free there. */
export async function examineFolder(about: string, folder: string): Promise<Finding> {
  const existing = await nearest(folder);
  try {
    await access(existing, constants.W_OK);
  } catch {
    const advice = 'set TTTV2_CACHE to a folder that is yours';
    return { about, state: 'bad', found: `${folder} cannot be written to`, advice };
  }
  const { bavail, bsize } = await statfs(existing);
  const models = await readdir(join(folder, 'models')).catch(() => []);
  const found = `${models.length} in ${folder}, ${showBytes(bavail * bsize)} free on its disk`;
  return { about, state: 'good', found, advice: models.length === 0 ? 'tttv2 pull fetches one' : null };
}

/** How much room encoded weights take: they are never deleted by themselves. */
export async function examineEncoded(folder: string): Promise<Finding> {
  const about = 'encoded';
  const names = await readdir(folder).catch(() => []);
  const files = names.filter((name) => name.endsWith('.weights'));
  if (files.length === 0) return { about, state: 'absent', found: `no weights in ${folder}`, advice: null };
  const sizes = await Promise.all(files.map((name) => stat(join(folder, name)).then(({ size }) => size)));
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  const found = `weights of ${files.length} in ${folder}, ${showBytes(bytes)}`;
  return { about, state: 'good', found, advice: 'delete the folder to have the room back' };
}

async function nearest(folder: string): Promise<string> {
  const isThere = await access(folder).then(
    () => true,
    () => false,
  );
  const above = dirname(folder);
  return isThere || above === folder ? folder : nearest(above);
}
