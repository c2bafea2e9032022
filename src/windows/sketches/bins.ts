/** Counts by bin, sorted by key, in at most `max` neighbouring keys: what lies lower than that is counted in the lowest. */
export interface Bins {
  add(key: number, count: number): void;
  forEach(visit: (key: number, count: number) => void): void;
  readonly size: number;
}

/**
 * The lowest key kept is (highest key ever added) - max + 1. As that only rises, the counts depend on what was added
 * alone, not on the order: a bin that was folded early is folded again into the one where it would have gone late.
 */
export function createBins(max: number): Bins {
  let keys = new Int32Array(4);
  let counts = new Float64Array(4);
  let size = 0;

  function indexOf(key: number): number {
    let low = 0;
    let high = size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((keys[middle] as number) < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  function put(key: number, count: number): void {
    const at = indexOf(key);
    if (at < size && keys[at] === key) {
      counts[at] = (counts[at] as number) + count;
      return;
    }
    if (size === keys.length) {
      const [oldKeys, oldCounts] = [keys, counts];
      keys = new Int32Array(2 * size);
      counts = new Float64Array(2 * size);
      keys.set(oldKeys);
      counts.set(oldCounts);
    }
    keys.copyWithin(at + 1, at, size);
    counts.copyWithin(at + 1, at, size);
    keys[at] = key;
    counts[at] = count;
    size++;
  }

  function fold(lowest: number): void {
    const kept = indexOf(lowest);
    if (kept === 0) return;
    let folded = 0;
    for (let i = 0; i < kept; i++) folded += counts[i] as number;
    keys.copyWithin(0, kept, size);
    counts.copyWithin(0, kept, size);
    size -= kept;
    put(lowest, folded);
  }

  return {
    add(key, count) {
      const highest = size > 0 ? (keys[size - 1] as number) : key;
      put(Math.max(key, highest - max + 1), count);
      if (key > highest) fold(key - max + 1);
    },
    forEach(visit) {
      for (let i = 0; i < size; i++) visit(keys[i] as number, counts[i] as number);
    },
    get size() {
      return size;
    },
  };
}
