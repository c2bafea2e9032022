/**
 * Rows that were written a moment ago, as they were before they were compressed. Who follows the end of the log, as an aggregation that
 * keeps up does, is given these: the file is not asked, and nothing decompressed.
 */
import type { PartNum } from './topics.ts';
import type { EncodedRow } from './row-codec.ts';

/** As it was before it was compressed. */
export interface PlainRow extends EncodedRow {
  readonly body: Buffer;
  /** For longer: itself, or a copy of what is small, for which nothing is let go any more. */
  kept(): PlainRow;
  /** Nobody looks at it any more: its memory may be used again. */
  letGo(): void;
}

export interface FreshRow {
  readonly part: PartNum;
  readonly firstOffset: number;
  readonly endOffset: number;
  readonly appendTime: number;
  readonly firstLine: number | null;
  readonly plain: PlainRow;
}

export interface FreshRows {
  /** They are durable, and follow those of the same partition before. */
  written(rows: readonly FreshRow[]): void;
  /** He has read the partition to its end: what comes from now on is kept for him. */
  follow(part: PartNum, reader: object): void;
  /** He reads no more: what was kept for him alone is not kept. What he was lent stays his. */
  left(reader: object): void;
  /** The row that holds the offset. `reader`: it is lent to him, until he asks for more. */
  at(part: PartNum, offset: number, reader: object | undefined): FreshRow | undefined;
  /** He asks for more. */
  givenBack(reader: object): void;
  /** Who follows has read all that ends up to this offset: for others, who come later, it stands in the file. */
  passed(part: PartNum, offset: number): void;
  /** To be called when rows have been deleted. */
  forget(): void;
}

/** What a kept row takes beside its body, some bytes more or less: with rows of one small record each it is most of it. */
const ROW_BYTES = 500;

const bytesOf = ({ plain }: FreshRow): number => plain.body.length + ROW_BYTES;

/** Of rows that follow each other, the index of the first that ends after the offset; their number where none does. */
function firstAfter(rows: readonly FreshRow[], offset: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows[middle]!.endOffset > offset) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** `bytesMax`: of all that is kept. A partition whose reader falls so far behind is not followed any more. */
export function createFreshRows(bytesMax: number): FreshRows {
  /** Those of a partition follow each other. */
  const followed = new Map<PartNum, { readonly rows: FreshRow[]; readonly by: Set<object> }>();
  /** All of them, the oldest first. */
  const kept = new Set<FreshRow>();
  let bytes = 0;
  const lent = new WeakMap<object, Set<FreshRow>>();
  /** How many look at it; Infinity: somebody who keeps it. */
  const readers = new WeakMap<FreshRow, number>();

  function drop(row: FreshRow): void {
    kept.delete(row);
    bytes -= bytesOf(row);
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
    const rows = followed.get(row.part)?.rows;
    if (!rows) return row.plain.letGo();
    const own = { ...row, plain: row.plain.kept() };
    rows.push(own);
    kept.add(own);
    bytes += bytesOf(own);
  }

  function unfollow(part: PartNum): void {
    followed.get(part)?.rows.forEach(drop);
    followed.delete(part);
  }

  return {
    written(rows) {
      rows.forEach(keep);
      for (const { part } of kept) {
        if (bytes <= bytesMax) break;
        unfollow(part);
      }
    },
    follow(part, reader) {
      const known = followed.get(part);
      if (known) known.by.add(reader);
      else followed.set(part, { rows: [], by: new Set([reader]) });
    },
    left(reader) {
      for (const [part, { by }] of followed) if (by.delete(reader) && by.size === 0) unfollow(part);
    },
    at(part, offset, reader) {
      const rows = followed.get(part)?.rows ?? [];
      const row = rows[firstAfter(rows, offset)];
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
      const rows = followed.get(part)?.rows ?? [];
      rows.splice(0, firstAfter(rows, offset)).forEach(drop);
    },
    forget() {
      for (const part of followed.keys()) unfollow(part);
    },
  };
}
