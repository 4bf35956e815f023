import type { HardwareConfig } from '@tttv2/spec';
import type { Command, Read } from '../command.ts';
import { kvCacheDtype, weightDtype } from '../hardware-inputs.ts';
import { flag, required, text } from '../input.ts';
import { modelArgument } from '../model-argument.ts';
import { print, printJson } from '../output.ts';
import { checkWritable, writeBeside } from '../write-beside.ts';

const device = required({
  name: 'device',
  placeholder: 'BOARD',
  about: 'the Tenstorrent board to write for: n150, p150',
});
const out = text({ name: 'out', placeholder: 'FILE', about: 'writes the module there instead of printing it' });
const json = flag({ name: 'json', about: 'prints one JSON object with the module, its settings and its weights' });

export const emit: Command = {
  about:
    'Writes a model as a Python module of plain ttnn calls: a function a block, prefill and decode. Neither a board nor Python is needed.',
  inputs: [modelArgument, device, weightDtype, kvCacheDtype, out, json],
  examples: [
    { line: 'emit smollm2-135m-instruct --device n150', about: 'a pulled model' },
    { line: 'emit ./config.json --device p150 --out model.py', about: 'an architecture alone, into a file' },
  ],
  async run(read, signal) {
    const path = read(out);
    if (path !== undefined) await checkWritable(path, '--out');
    const [{ openArchitecture }, { buildProgram }, { emitProgram, ttBackend }] = await Promise.all([
      import('../open-architecture.ts'),
      import('@tttv2/factory'),
      import('@tttv2/backend-tt'),
    ]);
    await using model = await openArchitecture(read(modelArgument), signal);
    const wanted = readBoard(read);
    const program = buildProgram(model.spec, ttBackend(), wanted);
    const { module, lowered, hardware } = emitProgram(program, wanted, { name: model.name });
    if (path !== undefined) await writeBeside(path, (file) => file.writeFile(module.text));
    const weights = lowered.parameters.map(({ name, shape, dtype, layout }) => ({ name, shape, dtype, layout }));
    if (read(json)) printJson({ hardware, weights, module: module.text });
    else if (path === undefined) print(module.text.trimEnd());
  },
};

function readBoard(read: Read): HardwareConfig {
  const [weights, cache] = [read(weightDtype), read(kvCacheDtype)];
  return {
    deviceType: read(device),
    ...(weights === undefined ? {} : { weightDtype: weights }),
    ...(cache === undefined ? {} : { kvCacheDtype: cache }),
  };
}
