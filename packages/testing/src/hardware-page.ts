import type { HardwareConfig } from '@tttv2/spec';

/** What a backend makes of one setting. */
export interface HardwareLine {
  field: string;
  given: Partial<HardwareConfig>;
  /** Resolves to what is then in force, or throws the refusal. */
  resolve(): object;
}

/** A page for people on what becomes of every field of a hardware configuration, from the lines that a test checks. */
export function hardwarePage(device: string, lines: readonly HardwareLine[]): string {
  const rows = lines.map(({ field, given, resolve }) => {
    const shown = Object.keys(given).length === 0 ? 'unset' : code(given);
    return `| \`${field}\` | ${shown} | ${outcomeOf(resolve)} |`;
  });
  return [
    `# What ${device} makes of a hardware configuration`,
    '',
    'Written by the test that checks it: run it with `-u` after a change. What is honoured is shown as it is in force.',
    '',
    '| field | given | what becomes of it |',
    '|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

function outcomeOf(resolve: () => object): string {
  try {
    return code(resolve());
  } catch (error) {
    return `refused: ${(error instanceof Error ? error.message : String(error)).replaceAll('|', '\\|')}`;
  }
}

/** Settings without the device's name, which is the page's. */
function code(config: object): string {
  const settings = Object.entries(config).filter(([field]) => field !== 'deviceType');
  return `\`${settings.map(([field, value]) => `${field}: ${JSON.stringify(value)}`).join(', ')}\``;
}
