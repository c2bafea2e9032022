/** What every OLAP store must do: run on each implementation with `testOlapStore`. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { DeadLetter } from '../../src/dead-letter/dead-letter.ts';
import type { AlertRecord, OlapStore, WindowsQuery } from '../../src/olap-store/olap-store.ts';
import { mergeRows } from '../../src/windows/row-merge.ts';
import { rowVersion } from '../../src/windows/row-version.ts';
import type { WindowRow } from '../../src/windows/row.ts';
import type { MeasureSpec } from '../../src/windows/spec.ts';
import { rowAt } from '../support/window-row.ts';

const T0 = Date.UTC(2026, 0, 5);
const MEASURES: MeasureSpec[] = [
  { name: 'clicks', kind: 'count', source: 'events', where: [] },
  { name: 'revenue', kind: 'sum', field: 'revenue', source: 'events', where: [] },
  { name: 'rpc', kind: 'ratio', numerator: 'revenue', denominator: 'clicks', scale: 1 },
];

export function windowRow(pipeline: string, minute: number, change: Partial<WindowRow> = {}): WindowRow {
  const counted = { clicks: 3, revenue: 0.1 + 0.2 };
  return rowAt(T0 + minute * 60_000, {
    pipeline,
    labels: { country: 'US', ad_format: 'banner' },
    measures: { ...counted, rpc: (0.1 + 0.2) / 3 },
    state: counted,
    events: 3,
    version: '7',
    partitions: ['ads/0'],
    ...change,
  });
}

/** All that comes, in an array. */
export async function collect<T>(all: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const each of all) found.push(each);
  return found;
}

/** @param make a store whose batch is 3 rows, so that paging shows */
export function testOlapStore(
  name: string,
  make: () => Promise<{ store: OlapStore; dispose: () => Promise<void> }>,
  skip: string | false = false,
): void {
  describe(`OLAP store: ${name}`, { skip }, () => {
    let store: OlapStore;
    let dispose: () => Promise<void>;
    before(async () => ({ store, dispose } = await make()));
    after(() => dispose?.());

    const read = (query: WindowsQuery): Promise<WindowRow[]> => collect(store.windows(query, (found) => mergeRows(found, MEASURES)));

    it('answers, and holds nothing of a pipeline it has not seen', async () => {
      await store.ping();
      assert.deepEqual(await read({ pipeline: 'none' }), []);
      assert.deepEqual(await store.alerts({ pipeline: 'none' }), []);
      assert.deepEqual(await store.deadLetters({ pipeline: 'none' }), []);
    });

    it('is told of a pipeline any number of times', async () => {
      const windows = [{ name: '1m', sizeMs: 60_000, slideMs: 60_000 }];
      for (let time = 0; time < 2; time++) await store.putPipeline({ pipeline: 'told', measures: MEASURES, windows });
      await store.putPipeline({ pipeline: 'told', measures: [], windows: [] });
      assert.deepEqual(await read({ pipeline: 'told' }), []);
    });

    it('gives rows back as they were put, to the last bit', async () => {
      const rows = [
        windowRow('same', 0, {
          labels: { country: `it's "\\ \n\t`, ad_format: '한국\u0000' },
          version: '18446744073709551615',
          final: false,
        }),
        windowRow('same', 1, {
          labels: {},
          measures: { clicks: 5e-324, revenue: null, rpc: -1.7976931348623157e308 },
          state: { clicks: 2 ** 53 + 2, revenue: 1 / 3, 'price.sum': -0.1, users: 'aGxs' },
          idle: ['ads/1', 'ads/2'],
          corrections: 4,
          replayed: 2,
        }),
        windowRow('same', 2, { window_start: '9999-12-31T23:58:00.000Z', window_end: '9999-12-31T23:59:00.000Z' }),
      ];
      await store.putWindows(rows);
      assert.deepEqual(await collect(store.windows({ pipeline: 'same' }, (found) => found)), rows);
    });

    it('takes a label that no UTF-8 can hold', async () => {
      await store.putWindows([windowRow('half', 0, { labels: { country: 'a\uD800' } })]);
      assert.deepEqual(
        (await read({ pipeline: 'half' })).map(({ labels }) => labels),
        [{ country: 'a\uFFFD' }],
      );
    });

    it('keeps the highest version, whatever the order and the repeats', async () => {
      const newest = windowRow('versions', 0, { version: '10000000000000000000', events: 9 });
      await store.putWindows([windowRow('versions', 0, { version: '9' })]);
      await store.putWindows([newest]);
      await store.putWindows([windowRow('versions', 0, { version: '9999999999999999999' }), windowRow('versions', 0, { version: '9' })]);
      await store.putWindows([newest, newest]);
      assert.deepEqual(await read({ pipeline: 'versions' }), [newest]);
    });

    it('sums over origins, but for those that the main row names', async () => {
      const late = { measures: { clicks: 1, revenue: 1, rpc: 1 }, state: { clicks: 1, revenue: 1 }, events: 1 };
      await store.putWindows([
        windowRow('origins', 0, { partitions: ['ads/0', 'ads/1'] }),
        windowRow('origins', 0, { ...late, origin: 'ads/1' }),
        windowRow('origins', 0, { ...late, origin: 'ads/2' }),
        windowRow('origins', 0, { ...late, origin: 'replay', replayed: 1 }),
      ]);
      const [row, ...others] = await read({ pipeline: 'origins' });
      assert.deepEqual(others, []);
      assert.equal(row?.events, 5);
      assert.equal(row?.measures['clicks'], 5);
      assert.equal(row?.measures['rpc'], (0.1 + 0.2 + 1 + 1) / 5);
    });

    it('gives columns of what was asked for: final main rows of the newest revision, by start, to the last bit', async () => {
      const later = (revision: number): string => ((BigInt(revision) << 54n) | 7n).toString();
      const of = (country: string) => ({ labels: { country } });
      await store.putWindows([
        windowRow('columns', 2, { ...of('B'), events: 4, corrections: 1 }),
        windowRow('columns', 0, { ...of('B'), measures: { clicks: 1, rpc: null } }),
        windowRow('columns', 0, { ...of('A'), measures: { clicks: 2 ** 53 + 2, rpc: 1 / 3 } }),
        windowRow('columns', 1, { ...of('A'), final: false }),
        windowRow('columns', 1, { ...of('B'), origin: 'ads/1' }),
        windowRow('columns', 3, { ...of('A'), version: later(1) }),
        windowRow('columns', 3, { ...of('B'), version: later(2), measures: { clicks: 9 } }),
        windowRow('columns', 4, of('A')),
        windowRow('columns', 0, { ...of('A'), window: '5m' }),
      ]);
      const query = { pipeline: 'columns', window: '1m', measures: ['rpc', 'clicks'], to: T0 + 4 * 60_000 };
      const found: unknown[] = [];
      for await (const { labels, series, start, events, corrections, measures } of store.columns(query)) {
        start.forEach((at, i) => {
          const values = measures.map((column) => column[i]);
          found.push([(at - T0) / 60_000, labels[series[i]!]!['country'], events[i], corrections[i], ...values]);
        });
      }
      assert.deepEqual(found, [
        [0, 'A', 3, 0, 1 / 3, 2 ** 53 + 2],
        [0, 'B', 3, 0, Number.NaN, 1],
        [2, 'B', 4, 1, (0.1 + 0.2) / 3, 3],
        [3, 'B', 3, 0, Number.NaN, 9],
      ]);
      const none = await collect(store.columns({ pipeline: 'nobody', window: '1m', measures: [] }));
      assert.deepEqual(none, []);
    });

    it('gives whole windows page by page, in order, from included, to excluded', async () => {
      const countries = ['A', 'B', 'C', 'D', 'E'];
      const rows = [3, 0, 2, 1].flatMap((minute) => countries.map((country) => windowRow('pages', minute, { labels: { country } })));
      await store.putWindows([...rows, windowRow('pages', 0, { window: '5m' }), windowRow('other', 1)]);
      const pages: number[] = [];
      const query = { pipeline: 'pages', window: '1m', from: T0 + 60_000, to: T0 + 3 * 60_000 };
      const found = await collect(store.windows(query, (page) => (pages.push(page.length), page)));
      assert.deepEqual(
        found.map((each) => each.window_start),
        [1, 2].flatMap((minute) => countries.map(() => new Date(T0 + minute * 60_000).toISOString())),
      );
      assert.deepEqual(
        pages.filter((length) => length > 0),
        [5, 5],
        'three rows fit a page: it grows to the end of the window',
      );
      assert.equal((await read({ pipeline: 'pages' })).length, 21);
    });

    it('gives the last window of each series, of those of the last day, and of one', async () => {
      const of = (country: string, minute: number, change: Partial<WindowRow> = {}): WindowRow =>
        windowRow('latest', minute, { labels: { country }, ...change });
      await store.putWindows([of('US', 0), of('US', 3, { version: '8' }), of('US', 3), of('KR', 2), of('KR', 2, { origin: 'replay' })]);
      await store.putWindows([of('JP', 3 - 26 * 60), of('FR', 4 - 26 * 60), of('US', 9, { window: '5m' }), of('US', 1)]);
      const latest = async (labels?: Record<string, string>): Promise<unknown[]> => {
        const found = await store.latest({ pipeline: 'latest', window: '1m', ...(labels && { labels }) }, (rows) =>
          mergeRows(rows, MEASURES),
        );
        return found
          .map((row) => [row.labels['country'], (Date.parse(row.window_start) - T0) / 60_000, row.version, row.events])
          .sort((a, b) => (a[0]! < b[0]! ? -1 : 1));
      };
      const us = ['US', 3, '8', 3];
      assert.deepEqual(await latest(), [['FR', 4 - 26 * 60, '7', 3], ['KR', 2, '7', 6], us]);
      assert.deepEqual(await latest({ country: 'US' }), [us]);
      assert.deepEqual(await latest({ country: 'XX' }), []);
    });

    it('gives the last window that counts: not of a revision that was computed anew without the series', async () => {
      const of = (country: string, minute: number, revision: number): WindowRow =>
        windowRow('anew-latest', minute, { labels: { country }, version: rowVersion(revision, 'final', 7) });
      await store.putWindows([of('US', 0, 1), of('KR', 0, 1), of('JP', 0, 1), of('JP', 1, 1)]);
      await store.putWindows([of('US', 0, 2), of('JP', 0, 2), of('US', 1, 2), of('US', 2, 2)]);
      const latest = async (country?: string): Promise<unknown[]> => {
        const query = { pipeline: 'anew-latest', window: '1m', ...(country !== undefined && { labels: { country } }) };
        const found = await store.latest(query, (rows) => mergeRows(rows, MEASURES));
        return found.map((row) => [row.labels['country'], (Date.parse(row.window_start) - T0) / 60_000, row.version]);
      };
      const second = rowVersion(2, 'final', 7);
      assert.deepEqual(await latest('KR'), []);
      assert.deepEqual(await latest('JP'), [['JP', 0, second]]);
      assert.deepEqual(await latest('US'), [['US', 2, second]]);
      assert.deepEqual(await latest(), [['JP', 0, second], ['US', 2, second]]); // prettier-ignore
    });

    it('keeps the newest state of an alert, whole', async () => {
      const alert = (id: string, minute: number, status: string): AlertRecord => ({
        alert_id: id,
        alert_time: new Date(T0 + minute * 60_000).toISOString(),
        alert_type: 'ctr_drop',
        severity: 'high',
        status,
        labels: { country: 'US' },
        current_value: 0.1,
        expected_value: null,
        message: "CTR's down",
        causes: [{ text: 'a deploy' }],
      });
      await store.putAlerts('ads', [
        { record: alert('a', 1, 'resolved'), version: 5 },
        { record: alert('b', 2, 'firing'), version: 2 },
      ]);
      await store.putAlerts('ads', [{ record: alert('a', 1, 'firing'), version: 1 }]);
      await store.putAlerts('shop', [{ record: alert('c', 3, 'firing'), version: 1 }]);
      assert.deepEqual(await store.alerts({ pipeline: 'ads' }), [alert('b', 2, 'firing'), alert('a', 1, 'resolved')]);
      assert.deepEqual(
        (await store.alerts({ limit: 1 })).map((each) => each.alert_id),
        ['c'],
      );
      const within = await store.alerts({ from: T0 + 60_000, to: T0 + 2 * 60_000 });
      assert.deepEqual(
        within.map((each) => each.alert_id),
        ['a'],
      );
    });

    it('keeps dead letters once each, whole', async () => {
      const letter = (offset: number, more: Partial<DeadLetter> = {}): DeadLetter => ({
        topic: 'ad-events',
        partition: 0,
        offset,
        revision: 1,
        outcome: 'invalid',
        reason: 'bad_json',
        payload: '{"a":"\\u0000',
        ...more,
      });
      const letters = [
        letter(1),
        letter(2, { append_time: '2026-01-05T00:00:00.123Z', outcome: 'late', reason: 'late', watermark: '2026-01-05T00:01:00.000Z' }),
        letter(10, { payload_base64: '/w==' }),
      ];
      await store.putDeadLetters('ads', [letters[2]!, letters[0]!]);
      await store.putDeadLetters('ads', letters);
      assert.deepEqual(await store.deadLetters({ pipeline: 'ads' }), letters);
      assert.deepEqual(await store.deadLetters({ pipeline: 'ads', limit: 2 }), letters.slice(1));
      assert.deepEqual(await store.deadLetters({ from: T0, to: T0 + 1_000 }), [letters[1]]);
    });

    it('shows dead letters of the last revision that judged their origin alone', async () => {
      const letter = (topic: string, partition: number, offset: number, revision: number): DeadLetter => {
        return { topic, partition, offset, revision, outcome: 'invalid', reason: `of ${revision}` };
      };
      const older = [
        letter('anew', 0, 4, 1),
        letter('anew', 0, 5, 1),
        letter('anew', 0, 6, 1),
        letter('anew', 1, 9, 1),
        letter('other', 0, 9, 1),
      ];
      const told = { pipeline: 'anew', measures: MEASURES, windows: [] };
      await store.putPipeline(told);
      await store.putDeadLetters('anew', older);
      assert.deepEqual(await store.deadLetters({ pipeline: 'anew' }), older);
      await store.putDeadLetters('anew', [letter('anew', 0, 6, 2)]);
      // The newest one counts by its time of storing, ms.
      await new Promise((resolve) => setTimeout(resolve, 5));
      await store.putPipeline({ ...told, readAnew: [{ revision: 2, from: { 'anew/0': 5, 'other/0': 10 } }] });
      const inForce = [letter('anew', 0, 4, 1), letter('anew', 0, 6, 2), letter('anew', 1, 9, 1), letter('other', 0, 9, 1)];
      assert.deepEqual(await store.deadLetters({ pipeline: 'anew' }), inForce);
    });

    it('takes raw events of any bytes', async () => {
      const event = { topic: 'ad-events', partition: 0, offset: 1, appendTime: T0, payload: Uint8Array.of(0, 255, 10, 39) };
      await store.putRawEvents('ads', [event, { ...event, offset: 2, payload: new Uint8Array() }], 365 * 86_400_000_000);
      await store.putRawEvents('ads', [], 1_000);
    });
  });
}
