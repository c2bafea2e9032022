/** What no log could write. */
import { columnAt, type Column } from './batch.ts';
import type { CommitUnit, RecordsToAppend } from './log.ts';

/** Throws a TypeError for it: a fault of the caller. */
export function checkUnit(unit: CommitUnit): void {
  for (const append of unit.appends ?? []) {
    checkRecords(append);
    const { firstLine, appendTime } = append;
    if (firstLine !== undefined && !Number.isSafeInteger(firstLine)) throw new TypeError(`first line ${firstLine}`);
    if (appendTime !== undefined && !Number.isFinite(appendTime)) throw new TypeError(`append time ${appendTime}`);
  }
  for (const { group, offset } of unit.offsets ?? []) {
    if (offset !== null && (!Number.isSafeInteger(offset) || offset < 0)) throw new TypeError(`offset ${offset} of group ${group}`);
  }
}

function checkRecords(records: RecordsToAppend): void {
  checkColumn('values', records, records.ends.length);
  if (records.keys) checkColumn('keys', records.keys, records.ends.length);
  const { tombstones } = records;
  if (!tombstones) return;
  if (tombstones.length !== records.ends.length) throw new TypeError(`${tombstones.length} tombstones for ${records.ends.length} records`);
  for (const [i, dead] of tombstones.entries()) {
    if (dead && columnAt(records, i).length > 0) throw new TypeError(`record ${i} is a tombstone and has a value`);
  }
}

function checkColumn(name: string, column: Column, count: number): void {
  if (column.ends.length !== count) throw new TypeError(`${column.ends.length} ${name} for ${count} records`);
  let before = 0;
  for (let i = 0; i < count; i++) {
    const end = column.ends[i]!;
    if (end < before) throw new TypeError(`${name}: end ${i} (${end}) lies before the one before it (${before})`);
    before = end;
  }
  if (before > column.bytes.length) throw new TypeError(`${name}: ends go to ${before}, there are ${column.bytes.length} bytes`);
}
