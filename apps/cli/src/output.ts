/** Writes a result: a line, or lines, on stdout. Returns the exit code of a command that is done with it. */
export function print(text: string): 0 {
  process.stdout.write(`${text}\n`);
  return 0;
}

/** One JSON value on stdout. What is not a number (a rate of nothing) becomes null. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2));
}

/** Writes what is not the result, on stderr. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Whoever read stdout (`head`, a pager) has seen enough: that is no failure, and there is nobody left to tell. */
export function endWhenNobodyReads(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
}
