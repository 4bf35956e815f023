import { access, constants, readdir, statfs } from 'node:fs/promises';
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

async function nearest(folder: string): Promise<string> {
  const isThere = await access(folder).then(
    () => true,
    () => false,
  );
  const above = dirname(folder);
  return isThere || above === folder ? folder : nearest(above);
}
