import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openDatabase } from './database.ts';
import { createFreePages } from './free-pages.ts';
import { temporary } from '../../../test/support/temporary.ts';

test('the list of free pages is read, and each map of the file', (t) => {
  const path = join(temporary(t), 'log.sqlite');
  const db = openDatabase(path, { readOnly: false });
  const fd = openSync(path, 'r');
  t.after(() => {
    db.close();
    closeSync(fd);
  });
  const number = (pragma: string): number => Object.values(db.prepare(`PRAGMA ${pragma}`).get()!)[0] as number;
  const read = createFreePages(fd, number('page_size'));
  const insert = db.prepare('INSERT INTO state (key, value) VALUES (?, ?)');
  for (let i = 0; i < 150; i++) insert.run(`key ${i}`, randomBytes(300_000));
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  const maps = read();
  /** Pages of tables and of their indexes; none of them is a map or free. */
  const used = (): Set<unknown> =>
    new Set(
      db
        .prepare('SELECT pageno FROM dbstat')
        .all()
        .map((row) => row['pageno']),
    );
  assert.equal(number('freelist_count'), 0);
  assert.equal(maps.length, number('page_count') - used().size);
  assert.ok(maps.length > 2);
  assert.ok(maps.every((page) => !used().has(page)));

  db.exec('DELETE FROM state; PRAGMA wal_checkpoint(TRUNCATE)');
  const free = number('freelist_count');
  assert.ok(free > 5_000);
  const both = new Set(read());
  // A page of the list holds a quarter of its bytes, less some.
  assert.equal(both.size, maps.length + Math.ceil(free / (number('page_size') / 4 - 8)));
  assert.ok(maps.every((page) => both.has(page)));
  assert.ok([...both].every((page) => !used().has(page)));
});

test('of a large file the maps are read in turn', (t) => {
  const path = join(temporary(t), 'log.sqlite');
  const db = openDatabase(path, { readOnly: false });
  const fd = openSync(path, 'r+');
  t.after(() => closeSync(fd));
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  db.close();
  const pages = 2_000 * 1_639 + 1;
  writeAt(fd, 28, pages);
  const read = createFreePages(fd, 8_192);
  const seen = [0, 1, 2, 3].flatMap(read);
  assert.equal(new Set(seen).size, 2_000);
  assert.ok(seen.every((page) => page >= 2 && page <= pages));
});

function writeAt(fd: number, offset: number, value: number): void {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  writeSync(fd, bytes, 0, 4, offset);
}
