import type { Input } from './input.ts';
import type { Interruption } from './interruption.ts';

/** Returns what the command line says of an input. @throws UsageError */
export type Read = <T>(input: Input<T>) => T;

/** A command of the CLI. */
export interface Command {
  /** One or two sentences for the help. */
  about: string;
  /** Arguments in the order of their places, then options. */
  inputs: readonly Input<unknown>[];
  /** Command lines that work, without the program's name, and what they do. */
  examples: readonly { line: string; about: string }[];
  /**
   * `signal` is aborted by Ctrl-C: the command ends in order, soon. `interruption` is for one that goes on after it.
   * Returns the exit code where that is not 0.
   */
  run(read: Read, signal: AbortSignal, interruption: Interruption): Promise<number | undefined>;
}
