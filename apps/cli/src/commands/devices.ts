import type { DeviceSpec } from '@tttv2/spec';
import type { Command } from '../command.ts';
import { flag } from '../input.ts';
import { print, printJson } from '../output.ts';
import { showBytes } from '../units.ts';

const json = flag({ name: 'json', about: 'prints a JSON array; isHere says whether models run on a device here' });

function show({ name, description, cores, memoryBytes }: DeviceSpec): string {
  const facts = [
    description,
    ...(cores === null ? [] : [`${cores} cores`]),
    ...(memoryBytes === null ? [] : [showBytes(memoryBytes)]),
  ];
  return `${name.padEnd(8)}${facts.join(', ')}`;
}

export const devices: Command = {
  about: 'Lists the devices that models run on here, which --device takes, and those that tttv2 plan knows besides.',
  inputs: [json],
  examples: [{ line: 'devices', about: 'the devices of this machine, and all that can be planned for' }],
  async run(read) {
    const [{ listDevices }, { backends }, { knownDevices }] = await Promise.all([
      import('@tttv2/factory'),
      import('../backends.ts'),
      import('@tttv2/backend-tt'),
    ]);
    const here = (await listDevices(backends)).map(({ device }) => device);
    const elsewhere = knownDevices.filter(({ name }) => here.every((device) => device.name !== name));
    const all = [
      ...here.map((one) => ({ ...one, isHere: true })),
      ...elsewhere.map((one) => ({ ...one, isHere: false })),
    ];
    if (read(json)) return void printJson(all);
    for (const device of here) print(show(device));
    print('\nnot here; tttv2 plan says what fits on them:');
    for (const device of elsewhere) print(show(device));
    return undefined;
  },
};
