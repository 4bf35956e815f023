import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ttBackend } from '@tttv2/backend-tt';
import type { Finding } from './finding.ts';

const script = 'import importlib.metadata as m; print(m.version("ttnn"), m.version("torch"))';

/** Boards, and the Python that they are programmed by: most machines have neither. */
export async function examineTenstorrent(python = process.env.TTTV2_PYTHON ?? 'python3'): Promise<Finding[]> {
  const boards = (await ttBackend({ mode: 'device' }).devices()).map(({ name }) => name);
  const ttnn = await versionOf(python);
  return [
    {
      about: 'boards',
      state: boards.length === 0 ? 'absent' : 'good',
      found: boards.length === 0 ? 'no Tenstorrent board' : boards.join(', '),
      advice: null,
    },
    {
      about: 'ttnn',
      state: ttnn !== null ? 'good' : boards.length === 0 ? 'absent' : 'bad',
      found: ttnn ?? `not in ${python}`,
      advice:
        ttnn !== null || boards.length === 0 ? null : 'give the path of a Python with ttnn and torch in TTTV2_PYTHON',
    },
  ];
}

async function versionOf(python: string): Promise<string | null> {
  try {
    const { stdout } = await promisify(execFile)(python, ['-c', script], { timeout: 10_000 });
    const [ttnn, torch] = stdout.trim().split(' ');
    return `${ttnn}, torch ${torch}, in ${python}`;
  } catch {
    return null;
  }
}
