import type { Command } from '../command.ts';
import { flag } from '../input.ts';
import { modelArgument } from '../model-argument.ts';
import { print, printJson } from '../output.ts';

const json = flag({ name: 'json', about: 'prints the same as one JSON object' });

export const inspect: Command = {
  about:
    'Draws a model and tells its sizes. Reads the headers of its files only, so a file may end after its header. Of a .safetensors file, which says nothing of its model, it lists the tensors.',
  inputs: [modelArgument, json],
  examples: [
    { line: 'inspect smollm2-135m-instruct', about: 'a pulled model' },
    { line: 'inspect ./config.json', about: 'an architecture alone' },
    { line: 'inspect ./model/model.safetensors', about: 'the tensors of one file' },
  ],
  async run(read, signal) {
    const name = read(modelArgument);
    if (name.endsWith('.safetensors')) return inspectTensors(name, read(json));
    const [{ openArchitecture }, { summarise }, { showSummary }] = await Promise.all([
      import('../open-architecture.ts'),
      import('../inspect/summary.ts'),
      import('../inspect/show-summary.ts'),
    ]);
    await using architecture = await openArchitecture(name, signal, { assumeOnes: true });
    const summary = summarise(architecture);
    if (read(json)) printJson(summary);
    else print(showSummary(summary, architecture.spec));
    return undefined;
  },
};

async function inspectTensors(path: string, isJson: boolean): Promise<undefined> {
  const { listTensors, showTensors } = await import('../inspect/tensor-list.ts');
  const list = await listTensors(path);
  if (isJson) printJson(list);
  else print(showTensors(list));
}
