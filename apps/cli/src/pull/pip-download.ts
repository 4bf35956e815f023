import { spawn } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CheckpointError } from '@tttv2/spec';

/** What pip may be called, the likeliest first. */
const pips = [['python3', '-m', 'pip'], ['python', '-m', 'pip'], ['py', '-m', 'pip'], ['pip']] as const;

/** Lets pip put the wheel of `requirement` into `folder`: it knows this machine's mirrors, proxies and certificates. */
export async function pipDownload(requirement: string, folder: string, signal: AbortSignal): Promise<string> {
  const pip = await findPip(signal);
  const options = ['--no-deps', '--only-binary', ':all:', '--retries', '1', '--disable-pip-version-check'];
  const isWatched = process.stderr.isTTY;
  const { exitCode, errors } = await runProgram(
    [...pip, 'download', ...options, ...(isWatched ? [] : ['--quiet']), '--dest', folder, requirement],
    // pip draws its own progress, on what is our stderr: stdout is for results.
    { isShown: isWatched, signal },
  );
  const wheel = (await readdir(folder)).find((name) => name.endsWith('.whl'));
  if (exitCode === 0 && wheel !== undefined) return join(folder, wheel);
  const reason = errors.trim().split('\n').at(-1) || `it ended with exit code ${exitCode}`;
  throw new CheckpointError({ file: 'pip', message: `could not download it: ${reason}` });
}

async function findPip(signal: AbortSignal): Promise<readonly string[]> {
  for (const pip of pips) {
    const { exitCode } = await runProgram([...pip, '--version'], { isShown: false, signal });
    if (exitCode === 0) return pip;
  }
  throw new CheckpointError({ file: 'pip', message: 'is not installed here: install Python 3 with pip' });
}

interface Ended {
  /** null when there is no such program. */
  exitCode: number | null;
  errors: string;
}

function runProgram(
  [program = '', ...args]: readonly string[],
  { isShown, signal }: { isShown: boolean; signal: AbortSignal },
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', isShown ? 2 : 'ignore', isShown ? 2 : 'pipe'], signal });
    let errors = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      errors += text;
    });
    child.on('error', (error) => (signal.aborted ? reject(error) : resolve({ exitCode: null, errors: error.message })));
    child.on('close', (exitCode) => resolve({ exitCode, errors }));
  });
}
