/** Batches out of the rows of the file, those that were decoded lately kept at hand. */
import type { DatabaseSync } from 'node:sqlite';
import { follows, joinBatches, sliceBatch } from '../batch.ts';
import type { RecordBatch } from '../log.ts';
import type { PartNum } from './topics.ts';
import type { FreshRows } from './fresh-rows.ts';
import { giveBack } from './give-back.ts';
import { decodeRow, ZSTD, type EncodedRow } from './row-codec.ts';

/** Decoded rows kept for readers that take them in pieces; enough for a few readers at different places. */
const CACHED_ROWS = 12;
const CACHED_BYTES = 32 << 20;

/** A lent batch of so many bytes is not joined with what follows. */
const LENT_BYTES = 64 << 10;

interface Body {
  flags: number;
  body_bytes: number;
  data: Uint8Array;
}

interface Row extends Body {
  first_offset: number;
  end_offset: number;
  append_time: number;
  first_line: number | null;
}

/** A decoded row that is kept at hand. */
interface Decoded {
  readonly part: PartNum;
  readonly batch: RecordBatch;
  /** The one it is lent to, as long as nobody else has seen it. */
  lentTo: object | undefined;
}

/** A topic's partition, and its number in the file. */
export interface Place {
  readonly part: PartNum;
  readonly topic: string;
  readonly partition: number;
}

export interface Reader {
  read(place: Place, offset: number, limits: { maxBytes: number; maxRecords?: number; lentTo?: object }): RecordBatch | undefined;
  /** He reads no more. */
  left(reader: object): void;
  /** Forgets decoded rows: to be called when rows have been deleted. */
  forget(): void;
}

/** How many of the batch's records a read may take: at least one; it ends after the record that reaches `maxBytes`. */
function fitting(batch: RecordBatch, maxBytes: number, maxRecords: number): number {
  const most = Math.max(1, Math.min(batch.count, maxRecords));
  if (batch.ends[most - 1]! < maxBytes) return most;
  let low = 0;
  let high = most - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (batch.ends[middle]! >= maxBytes) high = middle;
    else low = middle + 1;
  }
  return low + 1;
}

/** `fresh`: where to look before the file. `endOf`: what may be read of a partition ends there, whatever lies behind it. */
export function createReader(db: DatabaseSync, fresh: FreshRows, endOf: (part: PartNum) => number): Reader {
  const columns = 'first_offset, end_offset, append_time, first_line, flags, body_bytes, data';
  // Two look-ups in the index: the row that begins at or before the offset, else the next one.
  const at = db.prepare(`SELECT ${columns} FROM batches WHERE part = ? AND first_offset <= ? ORDER BY first_offset DESC LIMIT 1`);
  const after = db.prepare(`SELECT ${columns} FROM batches WHERE part = ? AND first_offset > ? ORDER BY first_offset LIMIT 1`);
  /** Newest use last. */
  let cache: Decoded[] = [];

  function remember(row: Decoded): void {
    cache.push(row);
    let bytes = cache.reduce((sum, entry) => sum + entry.batch.bytes.length, 0);
    while (cache.length > 1 && (cache.length > CACHED_ROWS || bytes > CACHED_BYTES)) bytes -= cache.shift()!.batch.bytes.length;
  }

  /** What he has read to its end, and nobody else, is let go at once: until the collector runs it would be as much as he reads in the meantime. */
  function letGo(part: PartNum, offset: number, reader: object): void {
    cache = cache.filter((row) => {
      const isOver = row.lentTo === reader && row.part === part && row.batch.firstOffset + row.batch.count <= offset;
      if (isOver) giveBack(row.batch.bytes);
      return !isOver;
    });
  }

  function remembered(part: PartNum, offset: number, reader: object | undefined): RecordBatch | undefined {
    const i = cache.findIndex(
      (entry) => entry.part === part && offset >= entry.batch.firstOffset && offset < entry.batch.firstOffset + entry.batch.count,
    );
    if (i === -1) return undefined;
    const [entry] = cache.splice(i, 1);
    cache.push(entry!);
    if (entry!.lentTo !== reader) entry!.lentTo = undefined;
    return entry!.batch;
  }

  /** The row that holds the offset, or the first one after it. Rows never change, so one that is remembered is as good. */
  function rowFrom(place: Place, offset: number, reader: object | undefined): RecordBatch | undefined {
    const { part } = place;
    const known = remembered(part, offset, reader);
    if (known) return known;
    const written = fresh.at(part, offset, reader);
    if (written) {
      const { firstOffset: first_offset, endOffset: end_offset, appendTime: append_time, firstLine: first_line, plain } = written;
      const batch = batchOf(place, { first_offset, end_offset, append_time, first_line }, plain);
      if (!reader) remember({ part, batch, lentTo: undefined });
      return batch;
    }
    // Most calls of a reader that has caught up end here, without a look at the rows.
    const end = endOf(part);
    if (offset >= end) {
      if (reader) fresh.follow(part, reader);
      return undefined;
    }
    let row = at.get(part, offset) as Row | undefined;
    if (!row || row.end_offset <= offset) row = after.get(part, offset) as Row | undefined;
    if (!row || row.first_offset >= end) return undefined;
    const batch = batchOf(place, row, { flags: row.flags, bodyBytes: row.body_bytes, body: row.data });
    if (row.flags & ZSTD) giveBack(row.data);
    remember({ part, batch, lentTo: reader });
    return batch;
  }

  return {
    read(place, offset, { maxBytes, maxRecords = Infinity, lentTo }) {
      if (lentTo) {
        fresh.givenBack(lentTo);
        letGo(place.part, offset, lentTo);
      }
      const pieces: RecordBatch[] = [];
      let bytes = 0;
      let count = 0;
      let next = offset;
      // Small rows are joined, which copies them; a row that fills the limits is handed out as a view, and so is one that is lent and large.
      const enough = lentTo ? Math.min(maxBytes, LENT_BYTES) : maxBytes;
      while (pieces.length === 0 || (bytes < enough && count < maxRecords)) {
        const row = rowFrom(place, next, lentTo);
        if (!row) break;
        const rest = sliceBatch(row, Math.max(0, next - row.firstOffset), row.count);
        const last = pieces.at(-1);
        if (last && !follows(last, rest)) break;
        const piece = sliceBatch(rest, 0, fitting(rest, maxBytes - bytes, maxRecords - count));
        pieces.push(piece);
        bytes += piece.bytes.length;
        count += piece.count;
        next = piece.firstOffset + piece.count;
      }
      if (lentTo) fresh.passed(place.part, next);
      return pieces.length === 0 ? undefined : joinBatches(pieces);
    },
    left(reader) {
      for (const row of cache) if (row.lentTo === reader) row.lentTo = undefined;
      fresh.left(reader);
    },
    forget() {
      cache = [];
      fresh.forget();
    },
  };
}

function batchOf({ topic, partition }: Place, row: Omit<Row, keyof Body>, body: EncodedRow): RecordBatch {
  const count = row.end_offset - row.first_offset;
  return {
    topic,
    partition,
    firstOffset: row.first_offset,
    count,
    ...decodeRow(body, count),
    appendTimes: new Float64Array(count).fill(row.append_time),
    ...(row.first_line !== null && { firstLine: row.first_line }),
  };
}
