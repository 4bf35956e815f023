/** The name that is most like `name`, or null when none is like it: at most a third of its letters differ. */
export function nearestName(name: string, names: readonly string[]): string | null {
  const ranked = names.map((other) => ({ other, distance: editDistance(name, other) }));
  const [nearest] = ranked.toSorted((a, b) => a.distance - b.distance);
  if (nearest === undefined) return null;
  return nearest.distance <= Math.max(name.length, nearest.other.length) / 3 ? nearest.other : null;
}

/** Levenshtein's distance: letters to insert, delete or replace. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (const [i, letter] of [...a].entries()) {
    const above = row;
    row = [i + 1];
    for (let j = 0; j < b.length; j++) {
      const replaced = (above[j] ?? 0) + (letter === b[j] ? 0 : 1);
      row.push(Math.min(replaced, (above[j + 1] ?? 0) + 1, (row[j] ?? 0) + 1));
    }
  }
  return row.at(-1) ?? 0;
}
