import { suggestion } from '../nearest.ts';
import { note } from '../output.ts';
import { UsageError } from '../usage-error.ts';
import { checkWritable, writeBeside } from '../write-beside.ts';
import type { Conversation } from './conversation.ts';

/** Something that a person can ask of the program, not of the model. */
interface ChatCommand {
  about: string;
  run(conversation: Conversation, argument: string): void | Promise<void>;
}

const chatCommands: Readonly<Record<string, ChatCommand>> = {
  '/clear': {
    about: 'forgets what was said, but for the system message',
    run: (conversation) => conversation.clear(),
  },
  '/save': {
    about: 'FILE: writes what was said there, as a JSON array of messages',
    run: ({ messages }, path) => save(path, JSON.stringify(messages, null, 2)),
  },
  '/help': { about: 'this list', run: () => note(chatHelp()) },
  '/exit': { about: 'ends, as Ctrl-D does', run: () => {} },
};

/** Runs a line that begins with a slash. @throws UsageError that names what is wrong with it. */
export async function runChatCommand(line: string, conversation: Conversation): Promise<void> {
  const [name = '', ...words] = line.split(/\s+/);
  const command = Object.hasOwn(chatCommands, name) ? chatCommands[name] : undefined;
  if (command !== undefined) return command.run(conversation, words.join(' '));
  const known = Object.keys(chatCommands);
  throw new UsageError(`unknown command "${name}"${suggestion(name, known)}; there are ${known.join(', ')}`);
}

export function isExit(line: string): boolean {
  return line === '/exit';
}

function chatHelp(): string {
  const list = Object.entries(chatCommands).map(([name, { about }]) => `  ${name.padEnd(8)}${about}`);
  return [...list, '  Ctrl-C  stops the answer'].join('\n');
}

async function save(path: string, text: string): Promise<void> {
  if (path === '') throw new UsageError('/save: name the file, as in /save conversation.json');
  await checkWritable(path, '/save');
  await writeBeside(path, (file) => file.writeFile(`${text}\n`));
}
