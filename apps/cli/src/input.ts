import { suggestion } from './nearest.ts';
import { UsageError } from './usage-error.ts';

/** What a command line says of an input: its text, on or off, or nothing. */
export type Given = string | boolean | undefined;

/** Something that a command takes from its command line; `T` is what the command reads. */
export interface Input<T> {
  /** `argument`: by its place. `value`: `--name VALUE`. `flag`: `--name`. `toggle`: `--name` or `--no-name`. */
  readonly kind: 'argument' | 'value' | 'flag' | 'toggle';
  /** An option's long name, or what stands for an argument in the help: `MODEL`. */
  readonly name: string;
  /** One letter. */
  readonly short?: string;
  /** What stands for an option's value in the help, e.g. `N`. */
  readonly placeholder?: string;
  /** One sentence for the help. */
  readonly about: string;
  /** `label` is how people write the input, e.g. `--threads`. @throws UsageError that names it. */
  read(given: Given, label: string): T;
}

interface Named {
  name: string;
  short?: string;
  placeholder: string;
  about: string;
}

export function argument(name: string, about: string): Input<string> {
  return { kind: 'argument', name, about, read: requireText };
}

export function flag({ name, about }: { name: string; about: string }): Input<boolean> {
  return { kind: 'flag', name, about, read: (given) => given === true };
}

/** On, off, or left to whoever reads it. */
export function toggle({ name, about }: { name: string; about: string }): Input<boolean | undefined> {
  return { kind: 'toggle', name, about, read: (given) => (typeof given === 'boolean' ? given : undefined) };
}

/** A value that is not text; `parse` says what. */
function value<T>(named: Named, parse: (text: string, label: string) => T): Input<T | undefined> {
  return {
    kind: 'value',
    ...named,
    read: (given, label) => (typeof given === 'string' ? parse(given, label) : undefined),
  };
}

export function text(named: Named): Input<string | undefined> {
  return value(named, (given) => given);
}

interface Range {
  min: number;
  /** Default: any. */
  max?: number;
}

export function wholeNumber({
  min,
  max = Number.MAX_SAFE_INTEGER,
  ...named
}: Named & Range): Input<number | undefined> {
  return value(named, (given, label) => {
    const found = readNumber(given);
    if (Number.isInteger(found) && found >= min && found <= max) return found;
    throw outOfRange(`a whole number ${showRange(min, max)}`, given, label);
  });
}

/** A count that may be written short: `8k` is 8192, `1m` is 1048576. */
export function shortCount(named: Named): Input<number | undefined> {
  return value(named, (given, label) => {
    const [, digits, unit = ''] = /^(\d+)([km]?)$/i.exec(given) ?? [];
    const found = Number(digits) * 1024 ** ['', 'k', 'm'].indexOf(unit.toLowerCase());
    if (Number.isSafeInteger(found) && found >= 1) return found;
    throw outOfRange('a whole number of at least 1, or one such as 8k', given, label);
  });
}

export function number({ min, max = Number.MAX_VALUE, ...named }: Named & Range): Input<number | undefined> {
  return value(named, (given, label) => {
    const found = readNumber(given);
    if (found >= min && found <= max) return found;
    throw outOfRange(`a number ${showRange(min, max)}`, given, label);
  });
}

export function choice<T extends string>(named: Named, choices: readonly T[]): Input<T | undefined> {
  return value(named, (given, label) => {
    const chosen = choices.find((candidate) => candidate === given);
    if (chosen !== undefined) return chosen;
    const known = choices.join(', ');
    throw new UsageError(`${label}: must be one of ${known}, found "${given}"${suggestion(given, choices)}`);
  });
}

export function requiredChoice<T extends string>(named: Named, choices: readonly T[]): Input<T> {
  const input = choice(named, choices);
  return {
    ...input,
    read: (given, label) => {
      const chosen = input.read(given, label);
      if (chosen !== undefined) return chosen;
      throw new UsageError(`${label} is missing: give one of ${choices.join(', ')}`);
    },
  };
}

/** The same input; when it is not given it has a default, which the help tells. */
export function orElse<T extends string | number>(fallback: T, input: Input<T | undefined>): Input<T> {
  return {
    ...input,
    about: `${input.about} (default ${fallback})`,
    read: (given, label) => input.read(given, label) ?? fallback,
  };
}

export function required(named: Named): Input<string> {
  return { kind: 'value', ...named, read: requireText };
}

function requireText(given: Given, label: string): string {
  if (typeof given === 'string' && given !== '') return given;
  throw new UsageError(`${label} is missing`);
}

function showRange(min: number, max: number): string {
  return max <= 1 ? `from ${min} to ${max}` : `of at least ${min}`;
}

function outOfRange(due: string, given: string, label: string): UsageError {
  return new UsageError(`${label}: must be ${due}, found ${JSON.stringify(given)}`);
}

/** Unlike `Number`, an empty text is no number. */
function readNumber(given: string): number {
  return given.trim() === '' ? Number.NaN : Number(given);
}
