import type { Graph } from '@tttv2/graph';
import type { Command, Read } from '../command.ts';
import { hardwareInputs, readHardware } from '../hardware-inputs.ts';
import { flag, text } from '../input.ts';
import { modelArgument } from '../model-argument.ts';
import { print } from '../output.ts';
import { UsageError } from '../usage-error.ts';

const after = text({
  name: 'after',
  placeholder: 'PASS',
  about: 'as the device gets it, up to and with this pass; all: after all of them',
});
const full = flag({ name: 'full', about: 'prints every layer; default: those that are alike once' });
const json = flag({ name: 'json', about: 'prints the graph itself as JSON' });

export const graph: Command = {
  about: 'Prints the graph that a model is computed by, one line an operation: as the blocks emit it, or after passes.',
  inputs: [modelArgument, after, full, json, ...hardwareInputs],
  examples: [
    { line: 'graph smollm2-135m-instruct', about: 'as it was built' },
    { line: 'graph ./model --after all --weight-dtype float16', about: 'as the device gets it' },
  ],
  async run(read, signal) {
    const [{ openArchitecture }, { buildModel }, { printGraph }, { foldLayers }] = await Promise.all([
      import('../open-architecture.ts'),
      import('@tttv2/blocks'),
      import('@tttv2/graph'),
      import('../fold-layers.ts'),
    ]);
    await using model = await openArchitecture(read(modelArgument), signal);
    const stages = await afterPasses(buildModel(model.spec), read);
    if (read(json)) return void print(JSON.stringify(stages.length === 1 ? stages[0] : stages));
    const printed = stages.map((stage) => printGraph(stage));
    print((read(full) ? printed : printed.map(foldLayers)).join('\n\n'));
  },
};

async function afterPasses(built: Graph, read: Read): Promise<Graph[]> {
  const last = read(after);
  if (last === undefined) return [built];
  const [{ applyPasses, passesFor }, { backendFor }] = await Promise.all([
    import('@tttv2/factory'),
    import('../backends.ts'),
  ]);
  const hardware = readHardware(read);
  const passes = passesFor(await backendFor(hardware.deviceType), hardware);
  const names = passes.map(({ name }) => name);
  const count = last === 'all' ? passes.length : names.indexOf(last) + 1;
  if (count === 0)
    throw new UsageError(`--after: there is no pass "${last}"; there is ${[...names, 'all'].join(', ')}`);
  return applyPasses(built, passes.slice(0, count));
}
