import type { Command } from '../command.ts';
import { hardwareInputs, readHardware } from '../hardware-inputs.ts';
import { flag, text, wholeNumber } from '../input.ts';
import { modelArgument } from '../model-argument.ts';
import { print, printJson } from '../output.ts';

const textFile = text({
  name: 'text',
  placeholder: 'FILE',
  about: 'what the model reads, UTF-8; default: two chapters of "Alice in Wonderland", 22 kB',
});
const context = wholeNumber({
  name: 'context',
  placeholder: 'N',
  min: 2,
  about: 'tokens of a window; default: 1024, or as many as the model takes',
});
const json = flag({ name: 'json', about: 'prints the figures as one JSON object' });

export const evaluate: Command = {
  about:
    'Lets a model read a text in windows of N tokens and scores how well it predicts each token from those before it in the window: perplexity, how often the token was the likeliest (top-1), and how often it was among the five likeliest (top-5).',
  inputs: [modelArgument, textFile, context, json, ...hardwareInputs],
  examples: [
    { line: 'eval smollm2-135m-instruct', about: 'the text that comes with the command' },
    {
      line: 'eval ./model --weight-dtype int4 --text book.txt --context 2048',
      about: 'what four bits cost, on a text of yours',
    },
  ],
  async run(read, signal) {
    const [{ loadModel }, { evaluateText }, { showEvaluation }] = await Promise.all([
      import('../load-model.ts'),
      import('../eval/evaluate-text.ts'),
      import('../eval/show-evaluation.ts'),
    ]);
    const hardware = readHardware(read);
    const { model: loaded, loadMs } = await loadModel(read(modelArgument), hardware, signal);
    await using model = loaded;
    const request = { model: read(modelArgument), text: read(textFile), context: read(context) };
    const evaluation = await evaluateText(model, request, signal);
    if (read(json)) printJson({ ...evaluation, hardware, loadMs });
    else print(showEvaluation(evaluation));
    return 0;
  },
};
