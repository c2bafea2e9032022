import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fc } from '../../../test/support/fast-check.ts';
import { packRecords } from '../../log/batch.ts';
import { createEmbeddedLog } from '../../log/embedded/embedded-log.ts';
import type { Log } from '../../log/log.ts';
import { topicsOf } from '../../pipeline/topics.ts';
import { mergeRows } from '../../windows/row-merge.ts';
import type { ClosedRecord, WindowRecord, WindowRow } from '../../windows/row.ts';
import type { MeasureSpec } from '../../windows/spec.ts';
import type { PipelineRecord } from '../../pipeline/pipeline-record.ts';
import { unknownLabels } from './known-series.ts';
import { lacksOlder, readWindows, type WindowsQuery } from './windows.ts';
import { closedAt, rowAt } from '../../../test/support/window-row.ts';

const MINUTE = 60_000;
const measures: MeasureSpec[] = [{ kind: 'count', name: 'n', source: 'events', where: [] }];
const pipeline: PipelineRecord = {
  name: 'p',
  file: 'p.yml',
  sources: [{ name: 'events', topic: 'raw', partitions: 1, outOfOrdernessMs: 0 }],
  dimensions: ['d'],
  measures,
  windows: [{ name: '1m', sizeMs: MINUTE, slideMs: MINUTE }],
  rollups: [],
  topics: topicsOf('p'),
  olapStore: 'none',
  clock: 'append',
};

const iso = (minute: number): string => new Date(Date.UTC(2026, 2, 2) + minute * MINUTE).toISOString();

function row(minute: number, n: number, more: Partial<WindowRow> = {}): WindowRow {
  const counted = { measures: { n }, state: { n }, events: n };
  return rowAt(Date.parse(iso(minute)), { labels: { d: 'x' }, ...counted, partitions: ['raw/0'], ...more });
}

const closed = (minute: number): ClosedRecord => closedAt(Date.parse(iso(minute)));

async function logWith(t: TestContext, records: readonly WindowRecord[], retentionMs?: number): Promise<Log> {
  const dir = mkdtempSync(join(tmpdir(), 'tocsin-test-'));
  let now = 0;
  const log = createEmbeddedLog({ path: join(dir, 'log.sqlite'), clock: { now: () => now, elapsed: () => now } });
  t.after(async () => {
    await log.close();
    rmSync(dir, { recursive: true, force: true });
  });
  await log.ensureTopic('p.windows', { partitions: 1, ...(retentionMs !== undefined && { retentionMs }) });
  for (const record of records) {
    now++;
    await log.commit({ appends: [{ topic: 'p.windows', partition: 0, ...packRecords([JSON.stringify(record)]) }] });
  }
  await log.applyRetention();
  return log;
}

async function all(rows: AsyncIterable<WindowRow>): Promise<WindowRow[]> {
  const list: WindowRow[] = [];
  for await (const each of rows) list.push(each);
  return list;
}

test('the highest version counts, whatever order it stands in; origins are added', async (t) => {
  const log = await logWith(t, [
    row(0, 5, { version: '90' }),
    closed(0),
    row(0, 6, { version: '100', corrections: 1 }),
    row(0, 5, { version: '90' }),
    row(0, 2, { version: '7', origin: 'replay', replayed: 2 }),
  ]);
  const rows = await all(readWindows(log, pipeline, {}));
  assert.deepEqual(
    rows.map(({ measures: { n }, corrections, version }) => ({ n, corrections, version })),
    [{ n: 8, corrections: 1, version: '100' }],
  );
});

test('from is included, to is not; other windows are left out', async (t) => {
  const log = await logWith(t, [row(0, 1), row(1, 2), row(2, 3), row(1, 9, { window: '5m', window_end: iso(6) })]);
  const starts = async (query: WindowsQuery) =>
    (await all(readWindows(log, pipeline, query))).map((each) => [each.window, each.measures['n']]);
  assert.deepEqual(await starts({ from: Date.parse(iso(1)), to: Date.parse(iso(2)) }), [
    ['1m', 2],
    ['5m', 9],
  ]);
  assert.deepEqual(await starts({ window: '1m', from: Date.parse(iso(1)) }), [
    ['1m', 2],
    ['1m', 3],
  ]);
});

test('read in slices it is the same as all at once', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({
          minute: fc.nat(8),
          n: fc.nat(9),
          version: fc.integer({ min: 1, max: 12 }),
          d: fc.constantFrom('a', 'b', 'c'),
          origin: fc.constantFrom('', '', 'replay', 'raw/1'),
        }),
        { maxLength: 40 },
      ),
      fc.integer({ min: 1, max: 10 }),
      async (entries, sliceRows) => {
        const rows = entries.map(({ minute, n, version, d, origin }) =>
          row(minute, n, { version: String(version), labels: { d }, origin }),
        );
        const log = await logWith(t, rows);
        assert.deepEqual(await all(readWindows(log, pipeline, {}, { sliceRows })), mergeRows(rows, measures));
        await log.close();
      },
    ),
    { numRuns: 25 },
  );
});

test('what retention has taken comes from the OLAP store, and joins with what is left', async (t) => {
  const history: WindowRecord[] = [
    row(0, 1),
    closed(0),
    row(1, 2),
    closed(1),
    row(2, 3),
    closed(2),
    row(0, 10, { version: '5' }),
    row(3, 4),
    closed(3),
  ];
  // Of the nine records the last five are kept: those of minute 2 are cut in their middle.
  const log = await logWith(t, history, 4);
  assert.equal((await log.bounds('p.windows', 0)).start > 0, true);
  const asked: WindowsQuery[] = [];
  async function* older(query: WindowsQuery): AsyncGenerator<WindowRow> {
    asked.push(query);
    const stored = [row(0, 1), row(1, 2), row(2, 3), row(3, 4)];
    for (const each of stored) {
      const at = Date.parse(each.window_start);
      if (at >= (query.from ?? -Infinity) && at < query.to!) yield each;
    }
  }
  assert.equal(await lacksOlder(log, pipeline, {}), true);
  assert.equal(await lacksOlder(log, pipeline, { from: Date.parse(iso(3)) }), false);
  const values = async (query: WindowsQuery) => (await all(readWindows(log, pipeline, query, { older }))).map(({ measures: { n } }) => n);
  assert.deepEqual(await values({}), [10, 2, 3, 4]);
  assert.deepEqual(await values({ from: Date.parse(iso(1)) }), [2, 3, 4]);
  assert.deepEqual(await values({ from: Date.parse(iso(3)) }), [4]);
  assert.equal(asked.length, 2);
});

test('what others wrote among the windows keeps no row from whoever reads them', async (t) => {
  const log = await logWith(t, [row(0, 1), closed(0)]);
  const strangers = ['a test line', null, 'null', '{"kind":"row"}'];
  await log.commit({ appends: [{ topic: 'p.windows', partition: 0, ...packRecords(strangers) }] });
  await log.commit({ appends: [{ topic: 'p.windows', partition: 0, ...packRecords([JSON.stringify(row(1, 2))]) }] });
  const shown = await all(readWindows(log, pipeline, {}));
  assert.deepEqual(
    shown.map(({ measures: { n } }) => n),
    [1, 2],
  );
  assert.equal(await unknownLabels(log, pipeline, { d: 'x' }), undefined);
  assert.deepEqual([...(await unknownLabels(log, pipeline, { d: 'y' }))!.keys()], ['d']);
});
