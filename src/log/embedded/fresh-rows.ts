/**
 * Rows that were written a moment ago, as they were before they were compressed. Who follows the end of the log, as an aggregation that
 * keeps up does, is given these: the file is not asked, and nothing decompressed.
 */
import type { PartNum } from './catalog.ts';
import type { PlainRow } from './row-codec.ts';

export interface FreshRow {
  readonly part: PartNum;
  readonly firstOffset: number;
  readonly endOffset: number;
  readonly appendTime: number;
  readonly firstLine: number | null;
  readonly plain: PlainRow;
}

export interface FreshRows {
  /** Within the transaction that writes it. */
  note(row: FreshRow): void;
  /** The transaction is over: what was noted since the last call may be read now, or was never written. */
  settle(isWritten: boolean): void;
  /** Somebody has read the partition to its end: what comes from now on is kept for him. */
  follow(part: PartNum): void;
  /** The row that holds the offset. `reader`: it is lent to him, until he asks for more. */
  at(part: PartNum, offset: number, reader: object | undefined): FreshRow | undefined;
  /** He asks for more. */
  givenBack(reader: object): void;
  /** Who follows has read all that ends up to this offset: for others, who come later, it stands in the file. */
  passed(part: PartNum, offset: number): void;
  /** To be called when rows have been deleted. */
  forget(): void;
}

/** `bytesMax`: of all that is kept. A partition whose reader falls so far behind is not followed any more. */
export function createFreshRows(bytesMax: number): FreshRows {
  /** Those of a partition follow each other. */
  const followed = new Map<PartNum, FreshRow[]>();
  /** All of them, the oldest first. */
  const kept = new Set<FreshRow>();
  let bytes = 0;
  let noted: FreshRow[] = [];
  const lent = new WeakMap<object, Set<FreshRow>>();
  /** How many look at it; Infinity: somebody who keeps it. */
  const readers = new WeakMap<FreshRow, number>();

  function drop(row: FreshRow): void {
    kept.delete(row);
    bytes -= row.plain.body.length;
    if ((readers.get(row) ?? 0) === 0) row.plain.letGo();
  }

  function lend(row: FreshRow, reader: object): void {
    const rows = lent.get(reader) ?? new Set();
    lent.set(reader, rows);
    if (rows.has(row)) return;
    rows.add(row);
    readers.set(row, (readers.get(row) ?? 0) + 1);
  }

  function keep(row: FreshRow): void {
    const rows = followed.get(row.part);
    if (!rows) return row.plain.letGo();
    const own = { ...row, plain: row.plain.kept() };
    rows.push(own);
    kept.add(own);
    bytes += own.plain.body.length;
  }

  function unfollow(part: PartNum): void {
    followed.get(part)?.forEach(drop);
    followed.delete(part);
  }

  return {
    note: (row) => void noted.push(row),
    settle(isWritten) {
      // Of what was not written the body may be written by a second attempt: it is not used again.
      if (isWritten) noted.forEach(keep);
      noted = [];
      for (const { part } of kept) {
        if (bytes <= bytesMax) break;
        unfollow(part);
      }
    },
    follow(part) {
      if (!followed.has(part)) followed.set(part, []);
    },
    at(part, offset, reader) {
      const row = followed.get(part)?.find(({ endOffset }) => endOffset > offset);
      if (!row || row.firstOffset > offset) return undefined;
      if (reader) lend(row, reader);
      else readers.set(row, Infinity);
      return row;
    },
    givenBack(reader) {
      const rows = lent.get(reader) ?? [];
      lent.delete(reader);
      for (const row of rows) {
        const left = readers.get(row)! - 1;
        readers.set(row, left);
        if (left === 0 && !kept.has(row)) row.plain.letGo();
      }
    },
    passed(part, offset) {
      const rows = followed.get(part) ?? [];
      const first = rows.findIndex(({ endOffset }) => endOffset > offset);
      rows.splice(0, first === -1 ? rows.length : first).forEach(drop);
    },
    forget() {
      for (const part of followed.keys()) unfollow(part);
    },
  };
}
