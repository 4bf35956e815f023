/** A command line that cannot be followed as written. Kept apart from the errors of `@tttv2/spec`, whose loading takes longer than a help page. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
