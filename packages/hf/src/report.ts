import { type OtherNames, ownName } from './other-names.ts';
import type { FoundConfig } from './read-config.ts';

/** What became of each key of a configuration. */
export interface ConversionReport {
  /** `model_type`, or the architecture of a GGUF file. */
  modelType: string;
  /** Keys that the specification was made of. */
  understood: string[];
  /** Keys that change nothing here, and why. */
  ignored: { key: string; why: string }[];
  /** Tensors that no parameter needs, by what their names have in common, and why; none where no checkpoint was opened. */
  ignoredTensors: { tensors: string; count: number; why: string }[];
  /** Keys that nobody reads, those within others with a dot between. They had no effect. */
  unknown: string[];
}

/** `parsed` holds the keys that a schema knows, by the names of `otherNames`: it drops all others. */
export function reportOn(
  { modelType, values }: FoundConfig,
  parsed: object,
  whyIgnored: (key: string) => string | undefined,
  otherNames: OtherNames = {},
): ConversionReport {
  const report: ConversionReport = { modelType, understood: [], ignored: [], ignoredTensors: [], unknown: [] };
  const read = new Map<string, unknown>(Object.entries(parsed));
  for (const [key, value] of Object.entries(values)) {
    const why = whyIgnored(key);
    const name = ownName(key, otherNames);
    if (read.has(name)) {
      report.understood.push(key);
      report.unknown.push(...unreadWithin(key, value, read.get(name)));
    } else if (why !== undefined) report.ignored.push({ key, why });
    else report.unknown.push(key);
  }
  return report;
}

/** Paths of keys that a schema dropped: it keeps what it knows. */
export function unreadWithin(path: string, found: unknown, parsed: unknown): string[] {
  if (!isObject(found) || !isObject(parsed)) return [];
  const read = new Map<string, unknown>(Object.entries(parsed));
  return Object.entries(found).flatMap(([key, value]) =>
    read.has(key) ? unreadWithin(`${path}.${key}`, value, read.get(key)) : [`${path}.${key}`],
  );
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
