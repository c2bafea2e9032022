import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deserialize, serialize } from 'node:v8';
import { atOnce } from '../../core/slices.ts';
import type { Cell } from '../cells.ts';
import { compilePlan } from '../plan.ts';
import { cellsOf } from './series-cells.ts';
import { createWindowBook, type OpenWindow, type WindowBook } from './window-book.ts';

const plan = compilePlan({
  pipeline: 'p',
  sources: [],
  dimensions: ['country'],
  measures: [{ name: 'n', kind: 'count', source: 's', where: [] }],
  windows: [{ name: '10s', sizeMs: 10_000, slideMs: 10_000 }],
  rollups: [[]],
  limits: { maxSeries: 10, maxRecordBytes: 1_000, retireAfterMs: 0, idleAfterMs: 0 },
});
const cell = (labels: string[], events: number): Cell => ({
  labels,
  key: JSON.stringify(labels),
  events,
  offsets: events,
  values: plan.columns.map(() => events),
});
const id = { window: 0, start: 20_000 };

/** What is there of a window, in plain form. */
function shown(entry: OpenWindow | undefined) {
  const { finals, dirty, ...rest } = entry!;
  const changed = dirty.map((series) => [...atOnce(series.all())]);
  return { ...rest, changed, finals: [...finals].map(([partition, lists]) => [partition, lists.map((list) => [...cellsOf(list)])]) };
}

/** Brings what changed into a store, as a commit does. */
function commit(book: WindowBook, stored: Map<string, unknown>): void {
  for (const [key, value] of atOnce(book.takingStateChanges())) {
    if (value === null) stored.delete(key);
    else stored.set(key, deserialize(serialize(value)));
  }
}

function restored(stored: ReadonlyMap<string, unknown>): WindowBook {
  const book = createWindowBook(plan);
  // As a store lists them.
  book.restore([...stored].sort(([a], [b]) => (a < b ? -1 : 1)));
  return book;
}

test('at-final values are there after a restart, each partition written when it tells them, and gone when the window is closed', () => {
  const stored = new Map<string, unknown>();
  const book = createWindowBook(plan);
  const entry = book.open(id, undefined);
  atOnce(book.addFinals(entry, 't/0', [[cell(['US'], 3), cell(['\ud800'], 1)], [cell([], 4)]]));
  commit(book, stored);
  atOnce(book.addFinals(entry, 't/1', [[], []]));
  assert.deepEqual(
    atOnce(book.takingStateChanges()).map(([key]) => key),
    ['window/0/20000', 'finals/0/20000/t/1'],
  );
  assert.deepEqual(shown(restored(stored).get(id)).finals, shown(entry).finals.slice(0, 1));

  const second = restored(stored);
  const again = second.get(id)!;
  again.closed = true;
  again.finals.clear();
  again.given[0]!.set('["US"]', { atFinal: 3, latest: 5, offsets: 0 });
  again.given[1]!.set('[]', { atFinal: 4, latest: 2 ** 40 });
  second.changed(again);
  commit(second, stored);
  assert.deepEqual([...stored.keys()], ['window/0/20000']);
  assert.deepEqual(shown(restored(stored).get(id)), shown(again));
  second.drop(id);
  commit(second, stored);
  assert.equal(stored.size, 0);
});
