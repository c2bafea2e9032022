import type { DatabaseSync } from 'node:sqlite';
import { follows, joinBatches, sliceBatch } from '../batch.ts';
import type { RecordBatch } from '../log.ts';
import type { PartNum } from './catalog.ts';
import { decodeRow } from './row-codec.ts';

/** Decoded rows kept for readers that take them in pieces; enough for a few readers at different places. */
const CACHED_ROWS = 12;
const CACHED_BYTES = 32 << 20;

interface Row {
  first_offset: number;
  end_offset: number;
  append_time: number;
  first_line: number | null;
  flags: number;
  body_bytes: number;
  data: Uint8Array;
}

export interface Reader {
  read(
    part: PartNum,
    topic: string,
    partition: number,
    offset: number,
    limits: { maxBytes: number; maxRecords?: number },
  ): RecordBatch | undefined;
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

export function createReader(db: DatabaseSync): Reader {
  const columns = 'first_offset, end_offset, append_time, first_line, flags, body_bytes, data';
  // Two look-ups in the index: the row that begins at or before the offset, else the next one.
  const at = db.prepare(`SELECT ${columns} FROM batches WHERE part = ? AND first_offset <= ? ORDER BY first_offset DESC LIMIT 1`);
  const after = db.prepare(`SELECT ${columns} FROM batches WHERE part = ? AND first_offset > ? ORDER BY first_offset LIMIT 1`);
  const endOf = db.prepare('SELECT end_offset FROM partitions WHERE num = ?');
  /** Newest use last. */
  let cache: { part: PartNum; batch: RecordBatch }[] = [];

  function remember(part: PartNum, batch: RecordBatch): void {
    cache.push({ part, batch });
    let bytes = cache.reduce((sum, entry) => sum + entry.batch.bytes.length, 0);
    while (cache.length > 1 && (cache.length > CACHED_ROWS || bytes > CACHED_BYTES)) bytes -= cache.shift()!.batch.bytes.length;
  }

  /** The row that holds the offset, or the first one after it. Rows never change, so a remembered one is as good. */
  function rowFrom(part: PartNum, topic: string, partition: number, offset: number): RecordBatch | undefined {
    const i = cache.findIndex(
      (entry) => entry.part === part && offset >= entry.batch.firstOffset && offset < entry.batch.firstOffset + entry.batch.count,
    );
    if (i >= 0) {
      const [entry] = cache.splice(i, 1);
      cache.push(entry!);
      return entry!.batch;
    }
    // Most calls of a reader that has caught up end here, without a look at the rows.
    if (offset >= (endOf.get(part)?.['end_offset'] as number)) return undefined;
    let row = at.get(part, offset) as Row | undefined;
    if (!row || row.end_offset <= offset) row = after.get(part, offset) as Row | undefined;
    if (!row) return undefined;
    const count = row.end_offset - row.first_offset;
    const batch: RecordBatch = {
      topic,
      partition,
      firstOffset: row.first_offset,
      count,
      ...decodeRow({ flags: row.flags, bodyBytes: row.body_bytes, body: row.data }, count),
      appendTimes: new Float64Array(count).fill(row.append_time),
      ...(row.first_line !== null && { firstLine: row.first_line }),
    };
    remember(part, batch);
    return batch;
  }

  return {
    read(part, topic, partition, offset, { maxBytes, maxRecords = Infinity }) {
      const pieces: RecordBatch[] = [];
      let bytes = 0;
      let count = 0;
      let next = offset;
      // Small rows are joined; a row that fills the limits is handed out as a view.
      while (pieces.length === 0 || (bytes < maxBytes && count < maxRecords)) {
        const row = rowFrom(part, topic, partition, next);
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
      return pieces.length === 0 ? undefined : joinBatches(pieces);
    },
    forget() {
      cache = [];
    },
  };
}
