import type { DeviceSpec } from '@tttv2/spec';
import type { Command } from '../command.ts';
import { flag } from '../input.ts';
import { print, printJson } from '../output.ts';
import { showBytes } from '../units.ts';

const json = flag({ name: 'json', about: 'prints a JSON array' });

function show({ name, description, cores, memoryBytes }: DeviceSpec): string {
  return `${name.padEnd(8)}${description}, ${cores} cores, ${showBytes(memoryBytes)}`;
}

export const devices: Command = {
  about: 'Lists the devices that models run on here: what --device takes.',
  inputs: [json],
  examples: [{ line: 'devices', about: 'the devices of this machine' }],
  async run(read) {
    const [{ listDevices }, { backends }] = await Promise.all([import('@tttv2/factory'), import('../backends.ts')]);
    const found = (await listDevices(backends)).map(({ device }) => device);
    if (read(json)) printJson(found);
    else for (const device of found) print(show(device));
  },
};
