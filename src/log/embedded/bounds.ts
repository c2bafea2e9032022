/**
 * Where partitions begin and end. Of one's own log that is known in memory, so that who asks waits for no disk, and tells of what is durable alone; what
 * another process writes is asked of the file.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { PartNum } from './topics.ts';

/** As `Log.bounds`. */
export interface PartBounds {
  readonly start: number;
  readonly end: number;
  readonly storedBytes: number;
}

/** Rows of a partition that were deleted: it begins at `start` now. */
export interface Retired {
  readonly part: PartNum;
  readonly start: number;
  readonly bytes: number;
  readonly records: number;
}

export interface Bounds {
  of(part: PartNum): PartBounds;
  /** Its end alone: readers ask for it each time. */
  endOf(part: PartNum): number;
  /** It ends there now. */
  appended(part: PartNum, end: number, bytes: number): void;
  retired(rows: Retired): void;
}

/** `isOwn`: nobody else writes it, and nothing has been written since it was opened. */
export function createBounds(db: DatabaseSync, isOwn: boolean): Bounds {
  const partition = db.prepare('SELECT end_offset, stored_bytes FROM partitions WHERE num = ?');
  const firstOffset = db.prepare('SELECT first_offset FROM batches WHERE part = ? ORDER BY first_offset LIMIT 1');
  const known = new Map<PartNum, PartBounds>();

  function inFile(part: PartNum): PartBounds {
    // The end is read first: rows that come in between then lie after it, never before the start.
    const { end_offset: end, stored_bytes: storedBytes } = partition.get(part) as { end_offset: number; stored_bytes: number };
    const start = firstOffset.get(part)?.['first_offset'] as number | undefined;
    return { start: Math.min(start ?? end, end), end, storedBytes };
  }

  /** A partition made since has nothing yet. */
  const own = (part: PartNum): PartBounds => known.get(part) ?? { start: 0, end: 0, storedBytes: 0 };

  if (isOwn) for (const { num } of db.prepare('SELECT num FROM partitions').all()) known.set(num as PartNum, inFile(num as PartNum));
  return {
    of: isOwn ? own : inFile,
    endOf: (part) => (isOwn ? own(part).end : (partition.get(part)!['end_offset'] as number)),
    appended(part, end, bytes) {
      const { start, storedBytes } = own(part);
      known.set(part, { start, end, storedBytes: storedBytes + bytes });
    },
    retired({ part, start, bytes }) {
      const { end, storedBytes } = own(part);
      known.set(part, { start, end, storedBytes: storedBytes - bytes });
    },
  };
}
