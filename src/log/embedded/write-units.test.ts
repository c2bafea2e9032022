import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { systemClock } from '../../core/clock.ts';
import type { CommitUnit } from '../log.ts';
import type { Packing } from './packing.ts';
import { createUnitWriter } from './write-units.ts';

interface Written {
  readonly slices: number;
  readonly firstOffsets: readonly number[];
  readonly entries: number;
  readonly endOffset: number;
}

/** Each append of the unit is one of `rows`, each row one record. */
function written(unit: CommitUnit, rows: ReturnType<Packing['rowsOf']> = []): Written {
  const db = new DatabaseSync(':memory:');
  db.exec(`
    CREATE TABLE state (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
    CREATE TABLE partitions (num INTEGER PRIMARY KEY, end_offset INTEGER, last_append_time REAL, stored_bytes INTEGER) STRICT;
    CREATE TABLE batches (part, first_offset, end_offset, append_time, first_line, stored_bytes, flags, body_bytes, data);
    CREATE TABLE consumers (name TEXT, part INTEGER, next_offset INTEGER, PRIMARY KEY (name, part)) STRICT;
    INSERT INTO partitions VALUES (1, 10, 0, 0);
  `);
  const topics = { part: () => 1 } as never;
  const work = createUnitWriter(db, { topics, clock: systemClock, packing: { rowsOf: () => rows }, noted: () => {} })(unit);
  let slices = 1;
  let step = work.next();
  for (; !step.done; step = work.next()) slices++;
  const of = (query: string): number => db.prepare(query).get()!['n'] as number;
  const told = {
    slices,
    firstOffsets: step.value,
    entries: of('SELECT count(*) AS n FROM state'),
    endOffset: of('SELECT end_offset AS n FROM partitions'),
  };
  db.close();
  return told;
}

const stateOf = (count: number, bytes: number): CommitUnit => ({
  state: Array.from({ length: count }, (_, i) => [`key ${i}`, new Uint8Array(bytes)] as const),
});

test('state is written in slices: so many entries, or so many bytes', () => {
  for (const [count, bytes, slices] of [
    [63, 100, 1],
    [640, 100, 11],
    // As ids are at full speed: a few large ones.
    [4, 1 << 20, 5],
    [16, 128 << 10, 5],
  ] as const) {
    const told = written(stateOf(count, bytes));
    assert.deepEqual([told.slices, told.entries], [slices, count]);
  }
});

test('rows are written in slices too, whose bodies are given back once they are', () => {
  const plain = { flags: 0, bodyBytes: 0, body: Buffer.alloc(0), letGo: () => {}, kept: () => plain };
  const rows = Array.from({ length: 4 }, (_, i) => ({ to: i + 1, flags: 1, bodyBytes: 9e6, body: new Uint8Array(300 << 10), plain }));
  const append = { topic: 't', partition: 0, bytes: new Uint8Array(4), ends: Uint32Array.of(1, 2, 3, 4) };
  assert.deepEqual(written({ appends: [append] }, rows), { slices: 3, firstOffsets: [10], entries: 0, endOffset: 14 });
  assert.deepEqual(
    rows.map(({ body }) => body.length),
    [0, 0, 0, 0],
  );
});
