/** A commit as rows: what one unit of appends, offsets and state writes within a transaction. */
import type { DatabaseSync } from 'node:sqlite';
import type { Clock } from '../../core/clock.ts';
import type { Sliced } from '../../core/slices.ts';
import type { CommitUnit, RecordsToAppend } from '../log.ts';
import type { Topics } from './topics.ts';
import type { FreshRow } from './fresh-rows.ts';
import type { Packing } from './packing.ts';
import { ZSTD } from './row-codec.ts';

/** Writes one unit; to be called within a transaction. Returns the first offset of each append. */
export type WriteUnit = (unit: CommitUnit) => Sliced<number[]>;

/** Between two yields: some hundred microseconds, or some milliseconds of a busy machine. */
const ENTRIES_AT_ONCE = 64;
const BYTES_AT_ONCE = 512 << 10;

export interface UnitWriterDeps {
  readonly topics: Topics;
  readonly clock: Clock;
  readonly packing: Pick<Packing, 'rowsOf'>;
  /** Told of each row, within the transaction. */
  readonly noted: (row: FreshRow) => void;
}

export function createUnitWriter(db: DatabaseSync, { topics, clock, packing, noted }: UnitWriterDeps): WriteUnit {
  const partition = db.prepare('SELECT end_offset, last_append_time FROM partitions WHERE num = ?');
  const advance = db.prepare('UPDATE partitions SET end_offset = ?, last_append_time = ?, stored_bytes = stored_bytes + ? WHERE num = ?');
  const insert = db.prepare(
    'INSERT INTO batches (part, first_offset, end_offset, append_time, first_line, stored_bytes, flags, body_bytes, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
  );
  const setOffset = db.prepare(
    'INSERT INTO consumers (name, part, next_offset) VALUES (?, ?, ?) ON CONFLICT (name, part) DO UPDATE SET next_offset = excluded.next_offset',
  );
  const deleteOffset = db.prepare('DELETE FROM consumers WHERE name = ? AND part = ?');
  const setState = db.prepare('INSERT INTO state (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value');
  const deleteState = db.prepare('DELETE FROM state WHERE key = ?');

  const isDue = createWritePace();

  function* append(records: RecordsToAppend): Sliced<number> {
    const part = topics.part(records.topic, records.partition);
    // Read within the transaction, never kept: a rolled back append leaves nothing behind that would have to be mended.
    const at = partition.get(part) as { end_offset: number; last_append_time: number };
    const appendTime = Math.max(at.last_append_time, records.appendTime ?? clock.now());
    let from = 0;
    let stored = 0;
    for (const row of packing.rowsOf(records)) {
      const { to, plain } = row;
      const bytes = row.body.length;
      const line = records.firstLine === undefined ? null : records.firstLine + from;
      const [first, end] = [at.end_offset + from, at.end_offset + to];
      insert.run(part, first, end, appendTime, line, bytes, row.flags, row.bodyBytes, row.body);
      noted({ part, firstOffset: first, endOffset: end, appendTime, firstLine: line, plain });
      stored += bytes;
      if (row.flags & ZSTD) giveBack(row.body);
      from = to;
      if (isDue(bytes)) yield;
    }
    if (from > 0) advance.run(at.end_offset + from, appendTime, stored, part);
    return at.end_offset;
  }

  return function* (unit) {
    const firstOffsets: number[] = [];
    for (const records of unit.appends ?? []) firstOffsets.push(yield* append(records));
    for (const { group, topic, partition: number, offset } of unit.offsets ?? []) {
      if (offset === null) deleteOffset.run(group, topics.part(topic, number));
      else setOffset.run(group, topics.part(topic, number), offset);
    }
    for (const [key, value] of unit.state ?? []) {
      if (value === null) deleteState.run(key);
      else setState.run(key, value);
      if (isDue(value?.length ?? 0)) yield;
    }
    return firstOffsets;
  };
}

/** True when so much was written since it was last: time to yield. */
function createWritePace(): (bytes: number) => boolean {
  let [entries, written] = [0, 0];
  return (bytes) => {
    entries += 1;
    written += bytes;
    if (entries < ENTRIES_AT_ONCE && written < BYTES_AT_ONCE) return false;
    [entries, written] = [0, 0];
    return true;
  };
}

/** The collector need not run for what is given back at once. A small piece may lie among others in Node's pool. */
function giveBack({ buffer }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength > Buffer.poolSize) buffer.transfer(0);
}
