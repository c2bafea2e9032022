/** Edits (insert, delete, replace, swap of neighbours) from one word to another; stops counting past `limit`. */
function editDistance(from: string, to: string, limit: number): number {
  if (Math.abs(from.length - to.length) > limit) return limit + 1;
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= to.length; j += 1) {
      const same = from[i - 1] === to[j - 1];
      let best = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1));
      if (from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]) best = Math.min(best, (beforeLast[j - 2] ?? Infinity) + 1);
      row.push(best);
    }
    beforeLast = last;
    last = row;
  }
  return last[to.length] ?? limit + 1;
}

/** The valid name that was most likely meant; undefined where none is near. */
export function nearest(found: string, names: Iterable<string>): string | undefined {
  if (found.length > 64) return undefined;
  const word = found.toLowerCase();
  let best: string | undefined;
  // Of two letters nearly every other pair is one edit away.
  let least = (word.length < 3 ? 0 : Math.floor((word.length + 1) / 3)) + 1;
  for (const name of names) {
    const distance = editDistance(word, name.toLowerCase(), least);
    if (distance < least) {
      least = distance;
      best = name;
    }
  }
  return best;
}
