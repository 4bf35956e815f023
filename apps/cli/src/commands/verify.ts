import type { Command } from '../command.ts';
import { hardwareInputs, readHardware, weightDtype, weightDtypeInput } from '../hardware-inputs.ts';
import { argument, flag, number, orElse, requiredChoice, text } from '../input.ts';
import { print, printJson } from '../output.ts';

const model = argument('MODEL', 'a folder, a .gguf file, the name of a pulled model, or a hub id');
const against = requiredChoice(
  { name: 'against', placeholder: 'WHAT', about: 'the reference. golden: what transformers computed, recorded' },
  ['golden'],
);
const golden = text({
  name: 'golden',
  placeholder: 'FILE',
  about: "the recording, a .safetensors file; default: golden.safetensors in the model's folder",
});
const tolerance = orElse(
  2e-4,
  number({ name: 'tolerance', placeholder: 'X', min: 0, about: 'the largest error that agrees' }),
);
const json = flag({ name: 'json', about: 'prints the comparison as one JSON object' });
const ownWeightDtype = weightDtypeInput('float32, as the reference');
const hardwareOptions = hardwareInputs.map((input) => (input === weightDtype ? ownWeightDtype : input));

export const verify: Command = {
  about:
    'Runs a model on a device and compares it with a reference, scope by scope: the largest absolute error and the correlation (PCC) of what leaves the embedding, each layer, the final norm, and of the logits. Names the first that diverges. Exits with 0 when all agree, 1 when one diverges, 2 for bad input.',
  inputs: [model, against, golden, tolerance, json, ...hardwareOptions],
  examples: [
    { line: 'verify ./model --against golden', about: 'with ./model/golden.safetensors' },
    {
      line: 'verify ./model --against golden --weight-dtype bfloat16 --tolerance 0.05',
      about: 'as far as shorter weights allow',
    },
  ],
  async run(read, signal) {
    const [{ verifyGolden }, { showVerified }] = await Promise.all([
      import('../verify/verify-golden.ts'),
      import('../verify/show-verified.ts'),
    ]);
    const hardware = { weightDtype: 'float32', ...readHardware(read) } as const;
    const request = { name: read(model), golden: read(golden), tolerance: read(tolerance), hardware };
    const verified = await verifyGolden(request, signal);
    if (read(json)) printJson({ against: read(against), ...verified });
    else print(showVerified(verified));
    return verified.divergence === null ? 0 : 1;
  },
};
