import type { ConversionReport } from '@tttv2/hf';
import type { Command } from '../command.ts';
import { argument, flag, text } from '../input.ts';
import { note, print } from '../output.ts';
import { wrap } from '../wrap.ts';
import { checkWritable, writeBeside } from '../write-beside.ts';

const config = argument('CONFIG', 'a config.json, the folder that holds it, a .gguf file, or a hub id');
const out = text({ name: 'out', placeholder: 'FILE', about: 'writes the specification there instead of printing it' });
const json = flag({ name: 'json', about: 'prints one JSON object with spec and report' });

export const convert: Command = {
  about:
    'Prints the specification of a model as JSON: what it is, with nothing left to guess. What became of each key of the configuration is told on stderr.',
  inputs: [config, out, json],
  examples: [
    { line: 'convert ./model/config.json > spec.json', about: 'of a configuration' },
    { line: 'convert model.gguf --out spec.json', about: 'of the metadata of a GGUF file' },
  ],
  async run(read, signal) {
    const path = read(out);
    if (path !== undefined) await checkWritable(path, '--out');
    const { readDescription } = await import('../read-description.ts');
    const { spec, report } = await readDescription(read(config), signal);
    const shown = JSON.stringify(read(json) ? { spec, report } : spec, null, 2);
    if (path === undefined) print(shown);
    else await writeBeside(path, (file) => file.writeFile(`${shown}\n`));
    if (report !== null && !read(json)) for (const line of describeReport(report)) note(line);
  },
};

function describeReport({ modelType, understood, ignored, unknown }: ConversionReport): string[] {
  return [
    `${modelType}: ${understood.length} keys understood, ${ignored.length} ignored, ${unknown.length} unknown`,
    ...entry('understood', understood.join(', ')),
    ...keysByReason(ignored).flatMap(([why, keys]) => entry('ignored', `${keys.join(', ')}: ${why}`)),
    ...entry('unknown', unknown.join(', ')),
  ];
}

function keysByReason(ignored: ConversionReport['ignored']): [string, string[]][] {
  const reasons = new Map<string, string[]>();
  for (const { key, why } of ignored) reasons.set(why, [...(reasons.get(why) ?? []), key]);
  return [...reasons];
}

function entry(title: string, words: string): string[] {
  if (words === '') return [];
  return wrap(words, 66).map((line, i) => `  ${(i === 0 ? title : '').padEnd(12)}${line}`);
}
