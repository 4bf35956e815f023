import type { Command } from '../command.ts';
import { argument, flag } from '../input.ts';
import { print, printJson } from '../output.ts';
import { wrap } from '../wrap.ts';

const what = 'a model, a config.json, a specification, or a hub id';
const first = argument('A', what);
const second = argument('B', 'the same, held against it');
const json = flag({ name: 'json', about: 'prints a JSON array of { path, layers, a, b }' });

export const diff: Command = {
  about: 'Compares what two models are, field by field. Reads configurations and headers only.',
  inputs: [first, second, json],
  examples: [
    { line: 'diff ./model-a ./model-b', about: 'two models' },
    { line: 'diff spec.json ./config.json', about: 'a specification and a configuration' },
  ],
  async run(read, signal) {
    const [{ readDescription }, { diffSpecs, showDifference }] = await Promise.all([
      import('../read-description.ts'),
      import('../diff-specs.ts'),
    ]);
    const [a, b] = [await readDescription(read(first), signal), await readDescription(read(second), signal)];
    const differences = diffSpecs(a.spec, b.spec);
    if (read(json)) printJson(differences);
    else if (differences.length === 0) print('The specifications are the same.');
    else for (const difference of differences) print(wrap(showDifference(difference), 76).join('\n    '));
  },
};
