import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));

export interface Ran {
  exitCode: number | null;
  stdout: string;
  stderr: string;
}

/** Runs the program from its sources, as a person would. */
export async function runCli(args: readonly string[], { stdin = '' }: { stdin?: string } = {}): Promise<Ran> {
  const child = startCli(args);
  child.stdin.end(stdin);
  return ended(child);
}

export function startCli(args: readonly string[]): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, ['--conditions=@tttv2/source', main, ...args], {
    env: { ...process.env, NO_COLOR: '1', TTTV2_DEBUG: '' },
  });
}

export async function ended(child: ChildProcessWithoutNullStreams): Promise<Ran> {
  const exit = new Promise<number | null>((resolve) => child.on('close', resolve));
  const [stdout, stderr, exitCode] = await Promise.all([text(child.stdout), text(child.stderr), exit]);
  return { exitCode, stdout, stderr };
}
