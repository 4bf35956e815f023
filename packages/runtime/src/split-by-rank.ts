type Scores = Float32Array | Float64Array;

/** True when token `a` goes before `b`: by the higher score, of equals by the lower id. */
export function ranksBefore(scores: Scores, a: number, b: number): boolean {
  const [scoreA, scoreB] = [scores[a] ?? 0, scores[b] ?? 0];
  return scoreA > scoreB || (scoreA === scoreB && a < b);
}

/** Ids of the scores above `floor`. */
export function idsAbove(scores: Scores, floor: number): Uint32Array {
  const ids = new Uint32Array(scores.length);
  let count = 0;
  for (let id = 0; id < scores.length; id++) if ((scores[id] ?? floor) > floor) ids[count++] = id;
  return ids.subarray(0, count);
}

/**
 * Parts ids into those that rank first, as few as together measure `wanted`, and the rest. Neither part is in order.
 *
 * Quickselect (Hoare, "Algorithm 65: Find", 1961) that weighs instead of counting: linear on average, where sorting a
 * vocabulary for the sake of its first few would not be.
 */
export function splitByRank(
  scores: Scores,
  ids: Uint32Array,
  measure: (id: number) => number,
  wanted: number,
): { first: Uint32Array; rest: Uint32Array } {
  // The cut lies in [from, to]; what is before `from` measures `before`, which is not enough.
  let [from, to, before] = [0, ids.length, 0];
  while (from < to) {
    const place = partition(scores, ids, from, to);
    const upTo = before + sum(ids, from, place, measure);
    if (upTo >= wanted) {
      to = place;
      continue;
    }
    from = place + 1;
    before = upTo + measure(ids[place] ?? 0);
    if (before >= wanted) break;
  }
  return { first: ids.subarray(0, from), rest: ids.subarray(from) };
}

/** Moves what ranks before a pivot to its front, and returns the place of the pivot. */
function partition(scores: Scores, ids: Uint32Array, from: number, to: number): number {
  const last = to - 1;
  // Anywhere, but the same each time: a rule such as "the middle one" has orders that it is slow for.
  swap(ids, from + ((Math.imul(from ^ to, 0x9e3779b1) >>> 0) % (to - from)), last);
  const pivot = ids[last] ?? 0;
  let place = from;
  for (let i = from; i < last; i++) if (ranksBefore(scores, ids[i] ?? 0, pivot)) swap(ids, i, place++);
  swap(ids, place, last);
  return place;
}

function swap(ids: Uint32Array, a: number, b: number): void {
  const id = ids[a] ?? 0;
  ids[a] = ids[b] ?? 0;
  ids[b] = id;
}

function sum(ids: Uint32Array, from: number, to: number, measure: (id: number) => number): number {
  let total = 0;
  for (let i = from; i < to; i++) total += measure(ids[i] ?? 0);
  return total;
}
