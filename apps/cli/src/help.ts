import { styleText } from 'node:util';
import type { Command } from './command.ts';
import { commands } from './commands.ts';
import type { Input } from './input.ts';
import { wrap } from './wrap.ts';

const width = 80;
/** Column at which descriptions begin. */
const column = 28;

/** The help of the whole program. */
export function programHelp(): string {
  return [
    `${title('tttv2')}  Converts Hugging Face models and runs them on devices.`,
    '',
    title('Commands'),
    ...Object.entries(commands).map(([name, { summary }]) => entry(name, summary)),
    '',
    title('Options'),
    entry('-h, --help', 'this page; after a command, its own'),
    entry('--version', 'the version'),
    '',
    title('Example'),
    '  tttv2 pull smollm2-135m-instruct',
    '  tttv2 run smollm2-135m-instruct -p "What is the capital of France?"',
    '',
    'A message is all there is to an error. TTTV2_DEBUG=1 adds where it comes from.',
    'Models and encoded weights are kept in a cache that tttv2 doctor names. It can',
    'be moved (TTTV2_CACHE), and what is in it deleted at any time.',
  ].join('\n');
}

/** The help of one command. */
export function commandHelp(name: string, { about, inputs, examples }: Command): string {
  const places = inputs.filter(({ kind }) => kind === 'argument');
  const options = inputs.filter(({ kind }) => kind !== 'argument');
  return [
    `${title(`tttv2 ${name}`)} ${[...places.map((place) => place.name), '[options]'].join(' ')}`,
    '',
    ...wrap(about, width),
    '',
    ...(places.length === 0 ? [] : [title('Arguments'), ...places.map((place) => entry(place.name, place.about)), '']),
    title('Options'),
    ...options.map((option) => entry(usageOf(option), option.about)),
    entry('-h, --help', 'this page'),
    '',
    title(examples.length === 1 ? 'Example' : 'Examples'),
    ...examples.flatMap((example) => [`  tttv2 ${example.line}`, `      ${example.about}`]),
  ].join('\n');
}

function usageOf({ kind, name, short, placeholder }: Input<unknown>): string {
  const long = kind === 'toggle' ? `--[no-]${name}` : `--${name}`;
  return [short === undefined ? long : `-${short}, ${long}`, placeholder].filter(Boolean).join(' ');
}

/** `left` and, from `column` on, what it means; below each other when `left` is long. */
function entry(left: string, about: string): string {
  const [first = '', ...rest] = wrap(about, width - column);
  const indented = rest.map((line) => ' '.repeat(column) + line);
  const head = `  ${left}`;
  const lines = head.length < column - 1 ? [head.padEnd(column) + first] : [head, ' '.repeat(column) + first];
  return [...lines, ...indented].join('\n');
}

function title(words: string): string {
  return styleText('bold', words);
}
