import type { Command } from '../command.ts';
import { flag } from '../input.ts';
import { print, printJson } from '../output.ts';
import { showBytes } from '../units.ts';

const json = flag({ name: 'json', about: 'prints a JSON array' });

export const devices: Command = {
  about: 'Lists the devices that models run on here: what --device takes.',
  inputs: [json],
  examples: [{ line: 'devices', about: 'the devices of this machine' }],
  async run(read) {
    const [{ listDevices }, { backends }] = await Promise.all([import('@tttv2/factory'), import('../backends.ts')]);
    const found = (await listDevices(backends)).map(({ device }) => device);
    if (read(json)) return printJson(found);
    for (const { name, description, cores, memoryBytes } of found)
      print(`${name.padEnd(8)}${description}, ${cores} cores, ${showBytes(memoryBytes)}`);
  },
};
