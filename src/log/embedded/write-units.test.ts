import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { test, type TestContext } from 'node:test';
import { zstdDecompressSync } from 'node:zlib';
import { temporary } from '../../../test/support/temporary.ts';
import { openDatabase } from './database.ts';
import { ZSTD } from './row-codec.ts';
import { explainSqliteError } from './sqlite-error.ts';
import { createTopics } from './topics.ts';
import { createUnitWriter, type WriteUnits } from './write-units.ts';
import { DELETED, errorOf, type Outcome, type UnitToWrite } from './writer-messages.ts';

interface Setup {
  readonly db: DatabaseSync;
  readonly writeUnits: WriteUnits;
  keys(): unknown[];
}

/** A file with one topic of one partition, which is number 1. */
function setup(t: TestContext): Setup {
  const path = join(temporary(t), 'log.sqlite');
  const db = openDatabase(path, { readOnly: false });
  t.after(() => db.close());
  createTopics(db).ensure('t', { partitions: 1 }, () => 'id');
  const keys = db.prepare('SELECT key FROM state ORDER BY key');
  return {
    db,
    writeUnits: createUnitWriter(db, (error) => explainSqliteError(error, path, 'write')),
    keys: () => keys.all().map(({ key }) => key),
  };
}

const stateUnit = (at: number, key: string, bytes: number): UnitToWrite => ({
  at: { piece: 0, at },
  appends: [],
  offsets: [],
  state: { keys: [key], bytes: Int32Array.of(bytes) },
});
const errorsOf = (outcomes: readonly Outcome[]): unknown[] => outcomes.map((one) => ('fault' in one ? errorOf(one.fault) : undefined));

test('appends, offsets and state are written as their bytes stand one after the other', (t) => {
  const { db, writeUnits, keys } = setup(t);
  const append = (appendTime: number, ...rows: [to: number, bytes: number][]): UnitToWrite['appends'][number] => ({
    part: 1,
    appendTime,
    firstLine: 7,
    rows: rows.map(([to, bytes]) => ({ to, flags: 0, bytes })),
  });
  const outcomes = writeUnits(
    [
      { ...stateUnit(0, 'a', 2), appends: [append(50, [2, 3], [5, 1])], offsets: [{ group: 'g', part: 1, offset: 3 }] },
      { ...stateUnit(6, 'b', 1), appends: [append(40, [1, 2]), append(60)] },
    ],
    [Buffer.from('AAABaaCCb')],
  );
  assert.deepEqual(outcomes, [
    { written: { firstOffsets: [0], appendTimes: [50], storedBytes: [4] } },
    // Times never go backwards; an append without records is at the end.
    { written: { firstOffsets: [5, 6], appendTimes: [50, 60], storedBytes: [2, 0] } },
  ]);
  const rows = db.prepare('SELECT first_offset, end_offset, append_time, first_line, data FROM batches ORDER BY id').all();
  assert.deepEqual(
    rows.map((row) => [...Object.values(row).slice(0, 4), Buffer.from(row['data'] as Uint8Array).toString()]),
    [
      [0, 2, 50, 7, 'AAA'],
      [2, 5, 50, 9, 'B'],
      [5, 6, 50, 7, 'CC'],
    ],
  );
  const { end_offset: end, stored_bytes: stored } = db.prepare('SELECT end_offset, stored_bytes FROM partitions').get()!;
  assert.deepEqual([end, stored, keys()], [6, 6, ['a', 'b']]);
  assert.equal(db.prepare('SELECT next_offset FROM consumers').get()!['next_offset'], 3);

  writeUnits(
    [
      {
        at: { piece: 0, at: 0 },
        appends: [],
        offsets: [{ group: 'g', part: 1, offset: null }],
        state: { keys: ['a'], bytes: Int32Array.of(DELETED) },
      },
    ],
    [],
  );
  assert.deepEqual([db.prepare('SELECT count(*) AS n FROM consumers').get()!['n'], keys()], [0, ['b']]);
});

test('rows are compressed where that makes them smaller', (t) => {
  const { db, writeUnits } = setup(t);
  const bodies = [Buffer.alloc(100_000, 'ab'), randomBytes(100_000), Buffer.alloc(100, 'ab')];
  const rows = bodies.map(({ length }, i) => ({ to: i + 1, flags: 0, bytes: length }));
  writeUnits([{ ...stateUnit(0, 'a', 0), appends: [{ part: 1, appendTime: 1, rows }] }], [Buffer.concat(bodies)]);
  const found = db.prepare('SELECT flags, body_bytes, stored_bytes, data FROM batches ORDER BY id').all();
  assert.deepEqual(
    found.map((row) => [row['flags'], row['body_bytes'], row['stored_bytes'] === (row['data'] as Uint8Array).length]),
    [
      [ZSTD, 100_000, true],
      [0, 100_000, true],
      [0, 100, true],
    ],
  );
  assert.ok((found[0]!['stored_bytes'] as number) < 1_000);
  assert.deepEqual(
    found.map(({ flags, data }) => (flags === ZSTD ? zstdDecompressSync(data as Uint8Array) : Buffer.from(data as Uint8Array))),
    bodies,
  );
});

test('the fault of one unit is its own: the others are written, in their order, and nothing of it', (t) => {
  const { writeUnits, keys } = setup(t);
  const faulty: UnitToWrite = { ...stateUnit(0, 'b', 1), offsets: [{ group: 'g', part: 1, offset: 0.5 }] };
  const outcomes = writeUnits([stateUnit(0, 'a', 1), faulty, stateUnit(0, 'c', 1)], [Buffer.from('x')]);
  const [first, second, third] = errorsOf(outcomes);
  assert.deepEqual([first, third, keys()], [undefined, undefined, ['a', 'c']]);
  assert.match(String(second), /cannot store REAL value in INTEGER column/);
});

test('a fault of the machine is that of all: a later unit may rest on an earlier one', (t) => {
  const { db, writeUnits, keys } = setup(t);
  const data = randomBytes(2_000_000);
  db.exec('PRAGMA max_page_count = 200');
  const outcomes = writeUnits([stateUnit(0, 'small', 10), stateUnit(0, 'large', data.length), stateUnit(0, 'other', 10)], [data]);
  for (const error of errorsOf(outcomes)) {
    assert.equal((error as { code: string }).code, 'disk_full');
    assert.match(String(error), /Nothing committed is lost; free some space/);
  }
  assert.deepEqual(keys(), []);
  db.exec('PRAGMA max_page_count = 100000');
  assert.deepEqual(errorsOf(writeUnits([stateUnit(0, 'large', data.length)], [data])), [undefined]);
  assert.deepEqual(keys(), ['large']);
});
