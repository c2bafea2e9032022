/** Rows on their way to Redis: the newest version of each (series, window start), no more than a limit. */
import type { PutRow } from './put-script.ts';

export interface WaitingRows {
  size(): number;
  /** Where one more would not fit, the last row of each series stays, and of those the newest: see `lost`. */
  add(row: PutRow): void;
  /** Up to so many, the oldest first; they are no longer held. */
  take(count: number): PutRow[];
  /** Whether rows went since this was last asked: what was lost must come from the log again. */
  lost(): boolean;
}

export function createWaitingRows(rowsMax: number): WaitingRows {
  let rows = new Map<string, PutRow>();
  let lost = false;

  function add(row: PutRow): void {
    const key = `${row.keys.latest}\n${row.start}`;
    const held = rows.get(key);
    if (held && BigInt(held.row.version) >= BigInt(row.row.version)) return;
    rows.set(key, row);
    if (rows.size > rowsMax) shrink();
  }

  /** To nine tenths, so that not every row that comes is the cause of another look at all. */
  function shrink(): void {
    lost = true;
    const lastOf = new Map<string, PutRow>();
    for (const row of rows.values()) {
      const last = lastOf.get(row.keys.latest);
      if (!last || row.start >= last.start) lastOf.set(row.keys.latest, row);
    }
    const newest = [...lastOf.values()].sort((a, b) => b.start - a.start).slice(0, Math.floor(rowsMax * 0.9));
    rows = new Map(newest.map((row) => [`${row.keys.latest}\n${row.start}`, row]));
  }

  return {
    size: () => rows.size,
    add,
    take: (count) => {
      const taken: PutRow[] = [];
      for (const [key, row] of rows) {
        if (taken.length === count) break;
        rows.delete(key);
        taken.push(row);
      }
      return taken;
    },
    lost: () => {
      const was = lost;
      lost = false;
      return was;
    },
  };
}
