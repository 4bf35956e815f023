import type { FoundConfig } from './read-config.ts';

/** Keys that a family has under a name of its own: the other name, and its own. */
export type OtherNames = Readonly<Record<string, string>>;

/** The name that a family has for `key`. */
export function ownName(key: string, otherNames: OtherNames): string {
  return (Object.hasOwn(otherNames, key) ? otherNames[key] : undefined) ?? key;
}

/** The keys by the family's own names. Where a file has both, the other name's value is the one that transformers takes. */
export function byOwnNames(found: FoundConfig, otherNames: OtherNames): FoundConfig {
  const own: [string, unknown][] = [];
  const renamed: [string, unknown][] = [];
  const writtenAs = new Map<string, string>();
  for (const [key, value] of Object.entries(found.values)) {
    const name = ownName(key, otherNames);
    (name === key ? own : renamed).push([name, value]);
    if (name !== key) writtenAs.set(name, key);
  }
  return { ...found, values: Object.fromEntries([...own, ...renamed]), writtenAs };
}
