import type { Command, Read } from '../command.ts';
import type { LogitsRequest } from '../compute-logits.ts';
import { hardwareInputs, readHardware } from '../hardware-inputs.ts';
import { flag, orElse, required, text, wholeNumber } from '../input.ts';
import { modelArgument } from '../model-argument.ts';
import { print, printJson } from '../output.ts';
import { parseTokenIds } from '../token-ids.ts';
import { UsageError } from '../usage-error.ts';
import { checkWritable } from '../write-beside.ts';

const ids = required({ name: 'ids', placeholder: 'IDS', about: 'the tokens: 1,2,3, or @FILE with a JSON array' });
const out = required({ name: 'out', placeholder: 'FILE', about: 'the .safetensors file to write' });
const decode = orElse(
  0,
  wholeNumber({ name: 'decode', placeholder: 'N', min: 0, about: 'then N greedy steps over the cache' }),
);
const positions = text({
  name: 'positions',
  placeholder: 'FILE',
  about: 'positions of the tokens: a JSON array, or a .safetensors file; default 0, 1, 2, …',
});
const json = flag({ name: 'json', about: 'prints what was written as one JSON object' });

export const logits: Command = {
  about:
    'Writes the logits of every given token to a safetensors file: `logits` float32 [T, V]. With --decode N also `generated_ids` int32 [N], of which each is the likeliest token after all before it, and `decode_logits` [N, V], whose row i follows generated_ids[i].',
  inputs: [modelArgument, ids, out, decode, positions, json, ...hardwareInputs],
  examples: [
    { line: 'logits ./model --ids 1,2,3 --out logits.safetensors', about: 'of three tokens' },
    {
      line: 'logits ./model --ids @ids.json --decode 8 --out logits.safetensors',
      about: 'and of eight that follow',
    },
  ],
  async run(read, signal) {
    const request = await readRequest(read);
    const [{ loadModel }, { writeLogits }] = await Promise.all([
      import('../load-model.ts'),
      import('../compute-logits.ts'),
    ]);
    const { model: loaded, loadMs } = await loadModel(read(modelArgument), readHardware(read), signal);
    await using model = loaded;
    const tensors = await writeLogits(model, request, signal);
    if (read(json)) printJson({ out: request.out, tensors, loadMs });
    else print(`${request.out}: ${tensors.map(({ name, shape }) => `${name} [${shape.join(', ')}]`).join(', ')}`);
  },
};

async function readRequest(read: Read): Promise<LogitsRequest> {
  const [path, positionsFile] = [read(out), read(positions)];
  await checkWritable(path, '--out');
  const tokens = await parseTokenIds(read(ids));
  const request = { ids: tokens, decode: read(decode), out: path };
  if (positionsFile === undefined) return { ...request, positions: tokens.map((_, i) => i) };
  const { readIntegers } = await import('../read-integers.ts');
  const given = await readIntegers(positionsFile);
  if (given.length === tokens.length) return { ...request, positions: given };
  throw new UsageError(`--positions: ${positionsFile} has ${given.length} positions for ${tokens.length} tokens`);
}
