/** Commits as rows: what their appends, offsets and state write, all in one transaction. */
import type { DatabaseSync } from 'node:sqlite';
import { transact } from './database.ts';
import { giveBack } from './give-back.ts';
import { createCursor, type Cursor, type Piece } from './pieces.ts';
import { encodeRow, ZSTD } from './row-codec.ts';
import { sqliteCode } from './sqlite-error.ts';
import { DELETED, faultOf, type AppendToWrite, type Outcome, type UnitToWrite, type WrittenUnit } from './writer-messages.ts';

/** Writes the units in one transaction, each with its own outcome: the fault of one is not that of the others. */
export type WriteUnits = (units: readonly UnitToWrite[], pieces: Piece[]) => Outcome[];

/** `explain` turns errors of SQLite into ours. */
export function createUnitWriter(db: DatabaseSync, explain: (error: unknown) => unknown): WriteUnits {
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

  function append({ part, appendTime, firstLine, rows }: AppendToWrite, bodies: Cursor): [first: number, time: number, stored: number] {
    // Read within the transaction, never kept: a rolled back append leaves nothing behind that would have to be mended.
    const { end_offset: end, last_append_time: last } = partition.get(part) as { end_offset: number; last_append_time: number };
    const time = Math.max(last, appendTime);
    let from = 0;
    let stored = 0;
    for (const { to, flags, bytes } of rows) {
      const line = firstLine === undefined ? null : firstLine + from;
      const row = encodeRow({ flags, bodyBytes: bytes, body: bodies.next(bytes) });
      insert.run(part, end + from, end + to, time, line, row.body.length, row.flags, bytes, row.body);
      stored += row.body.length;
      if (row.flags & ZSTD) giveBack(row.body);
      from = to;
    }
    if (from > 0) advance.run(end + from, time, stored, part);
    return [end, time, stored];
  }

  function write({ at, appends, offsets, state }: UnitToWrite, pieces: Piece[]): WrittenUnit {
    const bodies = createCursor(pieces, at);
    const written: WrittenUnit = { firstOffsets: [], appendTimes: [], storedBytes: [] };
    for (const one of appends) {
      const [first, time, stored] = append(one, bodies);
      written.firstOffsets.push(first);
      written.appendTimes.push(time);
      written.storedBytes.push(stored);
    }
    for (const { group, part, offset } of offsets) {
      if (offset === null) deleteOffset.run(group, part);
      else setOffset.run(group, part, offset);
    }
    for (const [i, key] of state.keys.entries()) {
      const bytes = state.bytes[i]!;
      if (bytes === DELETED) deleteState.run(key);
      else setState.run(key, bodies.next(bytes));
    }
    return written;
  }

  return function writeUnits(units, pieces): Outcome[] {
    try {
      return transact(db, () => units.map((unit) => ({ written: write(unit, pieces) })));
    } catch (error) {
      // The machine's fault hits all: a later unit may rest on an earlier one. The fault of a unit is its own.
      if (units.length > 1 && !isMachineFault(error)) return units.flatMap((unit) => writeUnits([unit], pieces));
      return units.map(() => ({ fault: faultOf(explain(error)) }));
    }
  };
}

/** SQLITE_TOOBIG, CONSTRAINT, MISMATCH, MISUSE and RANGE come from what a unit wants to write. */
function isMachineFault(error: unknown): boolean {
  const code = sqliteCode(error);
  return code !== undefined && ![18, 19, 20, 21, 25].includes(code);
}
