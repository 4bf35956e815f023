import type { Command } from '../command.ts';
import { flag } from '../input.ts';
import { modelArgument } from '../model-argument.ts';
import { print, printJson } from '../output.ts';

const json = flag({ name: 'json', about: 'prints the same as one JSON object' });

export const inspect: Command = {
  about: 'Draws a model and tells its sizes. Reads the headers of its files only.',
  inputs: [modelArgument, json],
  examples: [
    { line: 'inspect smollm2-135m-instruct', about: 'a pulled model' },
    { line: 'inspect ./config.json', about: 'an architecture alone' },
  ],
  async run(read, signal) {
    const [{ openArchitecture }, { summarise }, { showSummary }] = await Promise.all([
      import('../open-architecture.ts'),
      import('../inspect/summary.ts'),
      import('../inspect/show-summary.ts'),
    ]);
    await using architecture = await openArchitecture(read(modelArgument), signal);
    const summary = summarise(architecture);
    if (read(json)) printJson(summary);
    else print(showSummary(summary, architecture.spec));
  },
};
