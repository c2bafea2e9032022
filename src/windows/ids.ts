/**
 * Ids of accepted events, remembered while the watermark is below event time + dedup. Open addressing with linear
 * probing over three columns, 16 bytes a place; expired ids are dropped when the table is rebuilt, and never matched before.
 */
export interface IdMemory {
  /** Whether the id is remembered at this watermark (ms). */
  remembers(low: number, high: number, watermark: number): boolean;
  /** Remembers an accepted event's id until the watermark reaches `time` + dedup. */
  remember(low: number, high: number, time: number, watermark: number): void;
  /** Ids in the table, expired ones that were not dropped yet included. */
  readonly size: number;
  /** Ids remembered since the last call, as columns; undefined when there are none. */
  takeNew(): IdChunk | undefined;
}

export interface IdChunk {
  readonly low: Uint32Array;
  readonly high: Uint32Array;
  readonly time: Float64Array;
}

const EMPTY = -1;
const SMALLEST = 1 << 10;

export function createIdMemory(dedupMs: number): IdMemory {
  let capacity = SMALLEST;
  let low = new Uint32Array(capacity);
  let high = new Uint32Array(capacity);
  let time = new Float64Array(capacity).fill(EMPTY);
  let size = 0;
  let added: { low: number[]; high: number[]; time: number[] } = { low: [], high: [], time: [] };

  /** The place of the id, or the first free one where it would go. */
  function place(l: number, h: number): number {
    const mask = capacity - 1;
    let at = (l ^ Math.imul(h, 0x9e3779b1)) & mask;
    while (time[at] !== EMPTY && (low[at] !== l || high[at] !== h)) at = (at + 1) & mask;
    return at;
  }

  function put(l: number, h: number, t: number): void {
    const at = place(l, h);
    if (time[at] === EMPTY) size++;
    low[at] = l;
    high[at] = h;
    time[at] = t;
  }

  function rebuild(watermark: number): void {
    const old = { low, high, time, capacity };
    let live = 0;
    for (let i = 0; i < old.capacity; i++) if (old.time[i] !== EMPTY && watermark < old.time[i]! + dedupMs) live++;
    // Between 1/4 and 1/2 full afterwards: the next rebuild is far off, and the table shrinks after a burst.
    capacity = SMALLEST;
    while (capacity < live * 2 + 2) capacity *= 2;
    low = new Uint32Array(capacity);
    high = new Uint32Array(capacity);
    time = new Float64Array(capacity).fill(EMPTY);
    size = 0;
    for (let i = 0; i < old.capacity; i++) {
      if (old.time[i] !== EMPTY && watermark < old.time[i]! + dedupMs) put(old.low[i]!, old.high[i]!, old.time[i]!);
    }
  }

  return {
    get size() {
      return size;
    },
    remembers(l, h, watermark) {
      const t = time[place(l, h)]!;
      return t !== EMPTY && watermark < t + dedupMs;
    },
    remember(l, h, t, watermark) {
      if (size * 4 >= capacity * 3) rebuild(watermark);
      put(l, h, t);
      added.low.push(l);
      added.high.push(h);
      added.time.push(t);
    },
    takeNew() {
      if (added.low.length === 0) return undefined;
      const chunk = { low: Uint32Array.from(added.low), high: Uint32Array.from(added.high), time: Float64Array.from(added.time) };
      added = { low: [], high: [], time: [] };
      return chunk;
    },
  };
}
