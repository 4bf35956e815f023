import { type ParseArgsConfig, parseArgs } from 'node:util';
import type { Read } from './command.ts';
import type { Given, Input } from './input.ts';
import { suggestion } from './nearest.ts';
import { UsageError } from './usage-error.ts';

/** Reads a command line by the inputs that a command takes. @throws UsageError for the first that is unknown, missing or wrong. */
export function parseCommandLine(inputs: readonly Input<unknown>[], args: readonly string[]): Read {
  // Strictness is ours: parseArgs names neither what is missing nor the nearest option.
  const { tokens } = parseArgs({
    args: [...args],
    options: optionsOf(inputs),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const places = inputs.filter(({ kind }) => kind === 'argument');
  const given = new Map<string, Given>();
  for (const token of tokens) {
    if (token.kind === 'positional') given.set(nextPlace(places, given, token.value).name, token.value);
    if (token.kind === 'option') {
      const { input, isOn } = findOption(inputs, token.name, token.rawName);
      const isSwitch = input.kind !== 'value';
      given.set(input.name, isSwitch ? switched(token, isOn) : checkValue(input, token));
    }
  }
  const read: Read = (input) => input.read(given.get(input.name), labelOf(input));
  for (const input of inputs) read(input);
  return read;
}

/** How people write an input. */
function labelOf({ kind, name, short }: Input<unknown>): string {
  if (kind === 'argument') return name;
  return short === undefined ? `--${name}` : `-${short}, --${name}`;
}

type Options = NonNullable<ParseArgsConfig['options']>;

function optionsOf(inputs: readonly Input<unknown>[]): Options {
  const options: Options = {};
  for (const { kind, name, short } of inputs) {
    if (kind === 'argument') continue;
    const type = kind === 'value' ? 'string' : 'boolean';
    options[name] = short === undefined ? { type } : { type, short };
    if (kind === 'toggle') options[`no-${name}`] = { type };
  }
  return options;
}

function nextPlace(places: readonly Input<unknown>[], given: ReadonlyMap<string, Given>, word: string): Input<unknown> {
  const place = places.find(({ name }) => !given.has(name));
  if (place !== undefined) return place;
  const known = places.map(({ name }) => name).join(' ') || 'no argument';
  throw new UsageError(`"${word}" is one argument too many: the command takes ${known}; quote what has spaces`);
}

function findOption(inputs: readonly Input<unknown>[], name: string, raw: string) {
  const options = inputs.filter(({ kind }) => kind !== 'argument');
  const input = options.find((option) => option.name === name);
  if (input !== undefined) return { input, isOn: true };
  const negated = options.find((option) => option.kind === 'toggle' && `no-${option.name}` === name);
  if (negated !== undefined) return { input: negated, isOn: false };
  const known = options.flatMap((option) => [`--${option.name}`, ...(option.short ? [`-${option.short}`] : [])]);
  throw new UsageError(`unknown option ${raw}${suggestion(raw, known)}`);
}

interface OptionToken {
  rawName: string;
  value?: string | undefined;
  inlineValue?: boolean | undefined;
}

function switched({ rawName, value }: OptionToken, isOn: boolean): boolean {
  if (value === undefined) return isOn;
  throw new UsageError(`${rawName} takes no value, found "${value}"`);
}

/** The next word is no value when it is an option itself: then the value was forgotten. `-` and `-1` are values. */
function checkValue(input: Input<unknown>, { rawName, value, inlineValue }: OptionToken): string {
  const looksForgotten = value === undefined || (!inlineValue && /^-[^\d.]/.test(value));
  if (!looksForgotten) return value;
  const hint = value === undefined ? '' : ` (for a value that begins with a dash: --${input.name}=${value})`;
  throw new UsageError(`${rawName} needs a value: ${rawName} ${input.placeholder}${hint}`);
}
