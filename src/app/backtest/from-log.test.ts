/** What the topic of windows holds beside the newest rows: rows and closings of earlier revisions, and what others wrote there. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { systemClock } from '../../core/clock.ts';
import { packRecords } from '../../log/batch.ts';
import { createEmbeddedLog } from '../../log/embedded/embedded-log.ts';
import { toStateChanges } from '../../pipeline/state-codec.ts';
import type { WindowRecord } from '../../windows/row.ts';
import { rowVersion } from '../../windows/row-version.ts';
import { historyFromLog } from './from-log.ts';
import { temporary } from '../../../test/support/temporary.ts';
import { closedAt, rowAt } from '../../../test/support/window-row.ts';

const START = Date.UTC(2026, 2, 2, 10);
const minute = (count: number): number => START + count * 60_000;

const row = (at: number, revision: number): WindowRecord =>
  rowAt(minute(at), { measures: { orders: revision }, version: rowVersion(revision, 'final', at + 100) });
/** Of these minutes, as one revision tells them: those of `empty` close without rows. */
const told = (revision: number, from: number, to: number, empty: readonly number[] = []): WindowRecord[] =>
  Array.from({ length: to - from }, (_, i) => from + i).flatMap((at) => [
    ...(empty.includes(at) ? [] : [row(at, revision)]),
    closedAt(minute(at)),
  ]);

/** `12:2`: the row of minute 12, by revision 2; `12:closed`. */
async function read(t: TestContext, counter: number, records: readonly (WindowRecord | string | null)[]): Promise<string[]> {
  const log = createEmbeddedLog({ path: `${temporary(t)}/log.sqlite`, clock: systemClock });
  t.after(() => log.closeSync());
  await log.ensureTopic('p.windows', { partitions: 1 });
  const values = records.map((record) => (typeof record === 'object' && record !== null ? JSON.stringify(record) : record));
  await log.commit({ appends: [{ topic: 'p.windows', partition: 0, ...packRecords(values) }] });
  const revisions = { windows: { counter, hash: 'a' }, detect: { counter: 1, hash: 'a' }, completeFrom: 0 };
  await log.commit({ state: toStateChanges('revision/', [['p', revisions]]) });
  const found: string[] = [];
  const window = { name: '1m', sizeMs: 60_000, slideMs: 60_000 };
  await historyFromLog(
    {
      pipeline: 'p',
      windows: [{ window, index: 0 }],
      measures: ['orders'],
      required: new Map(),
      sketched: [],
      from: undefined,
      to: undefined,
    },
    'p.windows',
    log,
    ({ count, start, series, measures: [orders] }) => {
      for (let i = 0; i < count; i++) found.push(`${(start[i]! - START) / 60_000}:${series[i] === -1 ? 'closed' : orders![i]!}`);
    },
    { clock: systemClock },
  );
  return found;
}

const plain = (at: number, revision: number): string[] => [`${at}:${revision}`, `${at}:closed`];

test('an outage before a new revision goes on being one: its windows close as they did live', async (t) => {
  const before = told(1, 0, 8, [2, 3, 4, 5]);
  const found = await read(t, 2, [...before, ...told(2, 20, 22)]);
  assert.deepEqual(found, [
    ...[0, 1].flatMap((at) => plain(at, 1)),
    ...[2, 3, 4, 5].map((at) => `${at}:closed`),
    ...[6, 7].flatMap((at) => plain(at, 1)),
    ...[20, 21].flatMap((at) => plain(at, 2)),
  ]);
});

test('of windows that were computed anew only the newest revision is left, of the empty ones between them too', async (t) => {
  const found = await read(t, 2, [...told(1, 0, 9, [1, 2, 6]), ...told(2, 4, 9, [6])]);
  assert.deepEqual(found, [
    ...plain(0, 1),
    '1:closed',
    '2:closed',
    ...plain(3, 1),
    ...[4, 5].flatMap((at) => plain(at, 2)),
    '6:closed',
    ...[7, 8].flatMap((at) => plain(at, 2)),
  ]);
});

test('what others have written into the topic keeps no window from anybody', async (t) => {
  const strangers = ['hello', '', null, '{"kind":"row","window":"1m"}', JSON.stringify({ ...closedAt(minute(1)), window_start: 'soon' })];
  for (const counter of [1, 2]) {
    const found = await read(t, counter, [...told(counter, 0, 1), ...strangers, ...told(counter, 1, 2)]);
    assert.deepEqual(found, [...plain(0, counter), ...plain(1, counter)]);
  }
});
