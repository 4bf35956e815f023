import packageJson from '../package.json' with { type: 'json' };
import type { Command } from './command.ts';
import { commands } from './commands.ts';
import { commandHelp, programHelp } from './help.ts';
import { Interruption } from './interruption.ts';
import { suggestion } from './nearest.ts';
import { print } from './output.ts';
import { parseCommandLine } from './parse-command-line.ts';
import { reportError } from './report-error.ts';
import { UsageError } from './usage-error.ts';

/** Runs one command line, and returns the exit code: 0, 2 for input that is to be mended, 1 for a fault or what does not agree, 130 after Ctrl-C. */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || isHelp(name)) return print(programHelp());
  if (name === '--version') return print(packageJson.version);
  using interruption = new Interruption();
  try {
    const command = await loadCommand(name);
    if (asksForHelp(rest)) return print(commandHelp(name, command));
    const exitCode = await command.run(parseCommandLine(command.inputs, rest), interruption.signal, interruption);
    return interruption.exitCode ?? exitCode ?? 0;
  } catch (error) {
    return interruption.exitCode ?? reportError(error, Object.hasOwn(commands, name) ? name : null);
  }
}

async function loadCommand(name: string): Promise<Command> {
  const entry = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (entry !== undefined) return entry.load();
  const known = Object.keys(commands);
  throw new UsageError(`unknown command "${name}"${suggestion(name, known)}\nThere are ${known.join(', ')}`);
}

function isHelp(word: string): boolean {
  return word === '-h' || word === '--help' || word === 'help';
}

function asksForHelp(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  return args.slice(0, end < 0 ? args.length : end).some((word) => word === '-h' || word === '--help');
}
