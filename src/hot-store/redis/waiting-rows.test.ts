import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../../test/support/fast-check.ts';
import { hotRow } from '../../../test/support/hot-row.ts';
import type { PutRow } from './put-script.ts';
import { createWaitingRows } from './waiting-rows.ts';

function waitingRow(series: string, start: number, version: number): PutRow {
  return { keys: { latest: series, history: '' }, start, keepMs: undefined, row: hotRow(start, { version: String(version) }) };
}
const anyRow = fc.record({ series: fc.constantFrom('a', 'b', 'c'), start: fc.nat(8), version: fc.nat(20) });
const keyOf = ({ series, start }: { series: string; start: number }): string => `${series}/${start}`;

test('what waits is the newest version of each row, and what is put back loses to what came meanwhile', () => {
  fc.assert(
    fc.property(fc.array(anyRow), fc.array(anyRow), (before, meanwhile) => {
      const waiting = createWaitingRows(1_000);
      const add = ({ series, start, version }: (typeof before)[number]): void => waiting.add(waitingRow(series, start, version));
      before.forEach(add);
      const taken = waiting.take(1_000);
      assert.equal(waiting.size(), 0);
      meanwhile.forEach(add);
      for (const row of taken) waiting.add(row);
      const newest = new Map<string, number>();
      for (const each of [...before, ...meanwhile]) newest.set(keyOf(each), Math.max(newest.get(keyOf(each)) ?? 0, each.version));
      const left = new Map(waiting.take(1_000).map((row) => [`${row.keys.latest}/${row.start}`, Number(row.row.version)]));
      assert.deepEqual(left, newest);
      assert.equal(waiting.lost(), false);
    }),
  );
});

test('never more wait than may; the last row of each series stays, and the loss is told once', () => {
  const waiting = createWaitingRows(10);
  for (let start = 0; start < 50; start++) {
    for (const series of ['a', 'b', 'c']) waiting.add(waitingRow(series, start, 1));
    assert.ok(waiting.size() <= 10);
  }
  assert.equal(waiting.lost(), true);
  assert.equal(waiting.lost(), false);
  const last = new Map<string, number>();
  for (const { keys, start } of waiting.take(10)) last.set(keys.latest, Math.max(start, last.get(keys.latest) ?? 0));
  assert.deepEqual(Object.fromEntries(last), { a: 49, b: 49, c: 49 });
});

test('of more series than may wait the newest stay', () => {
  const waiting = createWaitingRows(10);
  for (let i = 0; i < 11; i++) waiting.add(waitingRow(`s${i}`, i, 1));
  assert.deepEqual(
    waiting
      .take(20)
      .map(({ start }) => start)
      .sort((a, b) => a - b),
    [2, 3, 4, 5, 6, 7, 8, 9, 10],
  );
});
