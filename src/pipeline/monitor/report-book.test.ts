import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Partials, Progress } from '../../windows/partials/partials.ts';
import type { PartitionReport } from '../aggregate/partition-report.ts';
import { createReportBook } from './report-book.ts';

const partialsAt = (offset: number): Partials => ({
  partition: 't/0',
  progress: { offset, epoch: 1, turn: 0, watermark: 0 } as Progress,
  live: [],
  replayed: [],
  finals: [],
});

function report(letters: number, sinces: readonly number[] = []): PartitionReport {
  return {
    totals: { late: letters, invalid: 0 } as PartitionReport['totals'],
    limits: { series: sinces.map((since) => ({ since })), ids: [] },
  } as unknown as PartitionReport;
}

const bookOf = (): ReturnType<typeof createReportBook> => createReportBook(new Map([['t/0', 60_000]]));

test('an older report than the one that is known changes nothing', () => {
  const book = bookOf();
  book.take(partialsAt(2), report(3));
  assert.deepEqual(book.take(partialsAt(1), report(9, [5])), []);
  assert.equal(book.get('t/0')?.totals.late, 3);
  assert.equal(book.newLetters(), 3);
});

test('a limit that is reached is news once, in a later life too; so are dead letters', () => {
  const book = bookOf();
  assert.deepEqual(book.take(partialsAt(1), report(2, [5])), [{ kind: 'series', span: { since: 5 } }]);
  assert.deepEqual(book.take(partialsAt(2), report(4, [5])), []);
  const state = book.takeStateChanges();
  assert.deepEqual(
    state.map(([key]) => key),
    ['report/t/0'],
  );
  assert.deepEqual(book.takeStateChanges(), []);
  const next = bookOf();
  next.restore([['meta', {}], ...state]);
  assert.deepEqual(next.take(partialsAt(3), report(5, [5])), []);
  assert.equal(next.newLetters(), 1);
  assert.equal(next.newLetters(), 0);
});
