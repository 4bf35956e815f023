import { inspect, styleText } from 'node:util';
import { note } from './output.ts';
import { UsageError } from './usage-error.ts';

/**
 * Tells a person what went wrong, and returns the exit code: 2 when it is theirs to mend, 1 when it is not.
 * `command` is the one whose help may help; null when there is none.
 */
export async function reportError(error: unknown, command: string | null): Promise<number> {
  const { message, exitCode } = await describe(error, command);
  note(`${styleText('red', 'error:', { stream: process.stderr })} ${message}`);
  if (process.env.TTTV2_DEBUG === '1') note(inspect(error));
  return exitCode;
}

async function describe(error: unknown, command: string | null): Promise<{ message: string; exitCode: number }> {
  if (error instanceof UsageError) {
    const page = command === null ? 'tttv2 --help' : `tttv2 ${command} --help`;
    return { message: `${error.message}\nSee: ${page}`, exitCode: 2 };
  }
  // Loaded here: a help page or a mistyped option must not wait for it.
  const { TttError } = await import('@tttv2/spec');
  if (TttError.isInstance(error)) return { message: error.message, exitCode: error.blame === 'input' ? 2 : 1 };
  if (isRefusal(error)) return { message: error.message, exitCode: 2 };
  const message = error instanceof Error ? error.message : String(error);
  return { message: `${message}\nThis was not foreseen. TTTV2_DEBUG=1 shows where it comes from`, exitCode: 1 };
}

/** What the system says when it will not let us write somewhere, or has no room: clear as it stands. */
const refusals: readonly unknown[] = ['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT'];

function isRefusal(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && refusals.includes(error.code);
}
