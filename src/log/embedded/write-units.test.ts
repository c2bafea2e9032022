import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { systemClock } from '../../core/clock.ts';
import type { StateChange } from '../log.ts';
import { createUnitWriter } from './write-units.ts';

/** In how many slices a unit with this state is written. */
function slicesOf(state: readonly StateChange[]): number {
  const db = new DatabaseSync(':memory:');
  db.exec(`
    CREATE TABLE state (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
    CREATE TABLE partitions (num INTEGER PRIMARY KEY, end_offset INTEGER, last_append_time REAL, stored_bytes INTEGER) STRICT;
    CREATE TABLE batches (part, first_offset, end_offset, append_time, first_line, stored_bytes, flags, body_bytes, data);
    CREATE TABLE consumers (name TEXT, part INTEGER, next_offset INTEGER, PRIMARY KEY (name, part)) STRICT;
  `);
  const topics = { part: () => assert.fail('nothing is appended') } as never;
  const write = createUnitWriter(db, { topics, clock: systemClock, packing: { rowsOf: () => [] }, noted: () => {} });
  const work = write({ state });
  let slices = 1;
  while (!work.next().done) slices++;
  assert.equal(db.prepare('SELECT count(*) AS n FROM state').get()!['n'], state.length);
  db.close();
  return slices;
}

const entries = (count: number, bytes: number): [string, Uint8Array][] =>
  Array.from({ length: count }, (_, i) => [`key ${i}`, new Uint8Array(bytes)]);

test('a unit is written in slices: so many entries, or so many bytes', () => {
  assert.equal(slicesOf(entries(63, 100)), 1);
  assert.equal(slicesOf(entries(640, 100)), 11);
  // As ids are at full speed: a few large ones.
  assert.equal(slicesOf(entries(4, 1 << 20)), 5);
  assert.equal(slicesOf(entries(16, 128 << 10)), 5);
});
