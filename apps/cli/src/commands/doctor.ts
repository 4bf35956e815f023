import type { Command } from '../command.ts';
import type { Finding } from '../doctor/finding.ts';
import { flag } from '../input.ts';
import { print, printJson } from '../output.ts';
import { wrap } from '../wrap.ts';

const json = flag({ name: 'json', about: 'prints a JSON array of { about, state, found, advice }' });

const signs: Readonly<Record<Finding['state'], string>> = { good: 'ok', poor: 'poor', bad: 'BAD', absent: '-' };

export const doctor: Command = {
  about:
    'Looks at what running models takes: Node.js, the processor (which computes a product), memory, the folder of models, the hub, Tenstorrent boards. Downloads nothing. Exits with 1 when something is bad.',
  inputs: [json],
  examples: [{ line: 'doctor', about: 'this machine' }],
  async run(read) {
    const { examine } = await import('../doctor/examine.ts');
    const findings = await examine();
    if (read(json)) printJson(findings);
    else for (const finding of findings) print(show(finding));
    return findings.some(({ state }) => state === 'bad') ? 1 : 0;
  },
};

function show({ about, state, found, advice }: Finding): string {
  const said = advice === null ? found : `${found}: ${advice}`;
  const indent = ' '.repeat(16);
  return `${signs[state].padEnd(6)}${about.padEnd(10)}${wrap(said, 62).join(`\n${indent}`)}`;
}
