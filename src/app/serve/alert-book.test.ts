import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { sampleAlert } from '../../../test/support/sample-alert.ts';
import { temporary } from '../../../test/support/temporary.ts';
import { systemClock } from '../../core/clock.ts';
import { packRecords } from '../../log/batch.ts';
import { createEmbeddedLog } from '../../log/embedded/embedded-log.ts';
import type { AlertEvent, Severity } from '../../receivers/alert-event.ts';
import type { AlertQuery } from '../../server/surface.ts';
import { createAlertBook } from './alert-book.ts';

const START = Date.UTC(2026, 2, 2);
const iso = (minute: number): string => new Date(START + minute * 60_000).toISOString();

async function openBook(t: TestContext) {
  const dir = temporary(t);
  const log = createEmbeddedLog({ path: join(dir, 'log.sqlite'), clock: systemClock });
  t.after(() => log.close());
  await log.ensureTopic('a', { partitions: 1 });
  const book = createAlertBook(log, 'a');
  const appendTexts = (texts: readonly string[]) => log.commit({ appends: [{ topic: 'a', partition: 0, ...packRecords(texts) }] });
  return {
    book,
    appendTexts,
    append: (events: readonly object[]) => appendTexts(events.map((event) => JSON.stringify(event))),
    ids: async (query: Partial<AlertQuery> = {}) => (await book.list({ limit: 1_000, ...query })).alerts.map(({ alert_id }) => alert_id),
  };
}

const alert = (alert_id: string, minute: number, more: Partial<AlertEvent> = {}): AlertEvent => ({
  ...sampleAlert,
  alert_id,
  alert_time: iso(minute),
  since: iso(minute),
  status: 'firing',
  repeat: 0,
  current_value: minute,
  impact: null,
  ...more,
});
const costs = (money_per_hour: number) => ({ impact: { money_per_hour, currency: 'USD' } });

test('an alert is one entry: as it rang, with how it stands', async (t) => {
  const { book, append, ids } = await openBook(t);
  await append([alert('x', 1), alert('y', 2)]);
  assert.equal((await book.firing()).count, 2);
  await append([alert('x', 3, { repeat: 1 }), alert('x', 4, { status: 'resolved', current_value: null })]);
  assert.equal((await book.firing()).count, 1);
  const { alerts, total } = await book.list({ limit: 10 });
  assert.deepEqual(
    alerts.map((each) => [each.alert_id, each.current_value, each.status, each.repeat, each.resolved_time, each.ending]),
    [
      ['y', 2, 'firing', 0, null, undefined],
      ['x', 1, 'resolved', 1, iso(4), 'no_data'],
    ],
  );
  assert.equal(total, 2);
  assert.deepEqual(await ids({ status: 'resolved', limit: 1 }), ['x']);
  assert.equal((await book.find('x'))?.ending, 'no_data');
  assert.equal(await book.find('z'), undefined);
  await append([alert('x', 5)]);
  const again = await book.find('x');
  assert.deepEqual([again?.status, again?.resolved_time, again?.ending], ['firing', null, undefined]);
});

test('the gravest first, then what costs most, then what is furthest off, then the newest; without what another one speaks for; page by page', async (t) => {
  const { book, append, ids } = await openBook(t);
  const severities: Readonly<Record<string, Severity>> = { low: 'low', critical: 'critical', dear: 'high', cheap: 'high', late: 'high' };
  await append(Object.entries(severities).map(([id, severity], minute) => alert(id, minute, { severity, deviation_percent: -50 })));
  await append([alert('furthest', 0, { severity: 'high', deviation_percent: -99 })]);
  await append([
    alert('dearest', 9, { severity: 'high', ...costs(-900) }),
    alert('folded', 9, { severity: 'critical', part_of: 'critical' }),
  ]);
  await append([alert('over', 9, { severity: 'critical' }), alert('over', 10, { severity: 'critical', status: 'resolved' })]);
  const query = { status: 'firing', folded: false, order: 'gravest' } as const;
  const all = ['critical', 'dearest', 'furthest', 'late', 'cheap', 'dear', 'low'];
  assert.deepEqual(await ids(query), all);
  assert.deepEqual(await ids({ ...query, limit: 2 }), all.slice(0, 2));
  assert.deepEqual(await ids({ ...query, limit: 2, after: 'dearest' }), all.slice(2, 4));
  assert.equal((await book.list({ ...query, limit: 2, after: 'dearest' })).total, 7);
  // The place to go on from may have ended meanwhile.
  await append([alert('dearest', 11, { severity: 'high', status: 'resolved' })]);
  assert.deepEqual(await ids({ ...query, after: 'dearest' }), all.slice(2));
  assert.deepEqual(await ids({ after: 'cheap' }), ['dear', 'critical', 'low'], 'the newest first, as asked');
  await assert.rejects(ids({ after: 'nobody' }), { code: 'usage', message: /found after="nobody".* Begin again without it/ });
});

test('what fires is counted by its kind, the gravest kind first', async (t) => {
  const { book, append } = await openBook(t);
  const rise = { alert_type: 'traffic_spike', measure: 'impressions', metric_name: 'impressions', direction: 'up' } as const;
  await append([
    alert('a', 1, { labels: { country: 'US', ad_format: 'banner' }, severity: 'low' }),
    alert('b', 1, { labels: { country: 'KR', ad_format: 'banner' }, severity: 'low' }),
    alert('c', 1, { labels: { country: 'KR' }, severity: 'high', part_of: 'd' }),
    alert('d', 1, { ...rise, labels: {}, severity: 'medium' }),
    alert('e', 1, { ...rise, labels: { country: 'US' } }),
    alert('e', 2, { ...rise, labels: { country: 'US' }, status: 'resolved' }),
  ]);
  const { count, groups } = await book.firing();
  assert.equal(count, 3);
  assert.deepEqual(
    groups.map(({ alert_type, dimensions, firing, gravest }) => [alert_type, dimensions.join(), firing, gravest]),
    [
      ['traffic_spike', '', 1, 'medium'],
      [sampleAlert.alert_type, 'country,ad_format', 2, 'low'],
    ],
  );
  await append([alert('b', 3, { labels: { country: 'KR', ad_format: 'banner' }, severity: 'critical', repeat: 1 })]);
  assert.deepEqual(
    (await book.firing()).groups.map(({ gravest }) => gravest),
    ['critical', 'medium'],
    'one has become graver',
  );
  await append([alert('f', 4, { ...rise, labels: {}, members: [{ alert_id: 'a', labels: {}, series: 'a', since: iso(1), told: true }] })]);
  assert.equal((await book.firing()).count, 3, 'one more, that speaks for one');
});

test('what others wrote on the topic is left out: no text, no JSON, no alert', async (t) => {
  const { append, appendTexts, book, ids } = await openBook(t);
  await append([alert('before', 1)]);
  await appendTexts(['', 'a test line', '{}', 'null', JSON.stringify({ ...alert('no labels', 2), labels: null })]);
  await append([alert('after', 3)]);
  assert.deepEqual(await ids(), ['after', 'before']);
  assert.equal((await book.firing()).count, 2);
});

test('of too many those that are over are forgotten first, and those that fire are all counted', async (t) => {
  const { book, append, ids } = await openBook(t);
  // Small ones: as many as this are to be read.
  const small = (alert_id: string, status: string) => {
    const values = { current_value: 0, expected_value: 0, deviation_percent: null };
    const words = {
      message: '',
      series: '',
      pipeline: '',
      metric_name: '',
      explanation: { text: '', not_fired_if: '' },
      likely_causes: [],
    };
    const times = { alert_time: iso(0), since: iso(0) };
    return { alert_id, alert_type: 'a', severity: 'low', status, repeat: 0, labels: {}, ...times, ...values, ...words };
  };
  const begin = Array.from({ length: 9_000 }, (_, n) => small(`f${n}`, 'firing'));
  await append([small('over', 'firing'), small('over', 'resolved'), ...begin]);
  await append(Array.from({ length: 1_600 }, (_, n) => small(`r${n}`, 'resolved')));
  assert.equal((await book.firing()).count, 9_000);
  const { total } = await book.list({ limit: 1 });
  assert.ok(total <= 10_500, `${total} kept`);
  assert.equal((await ids({ status: 'resolved' })).at(0), 'r1599');
  await assert.rejects(ids({ after: 'over' }), { code: 'usage' });
  await append(Array.from({ length: 3_000 }, (_, n) => small(`g${n}`, 'firing')));
  assert.ok((await book.list({ limit: 1 })).total <= 10_500);
  assert.equal((await book.firing()).count, 12_000, 'also those that are listed no more');
  await append([small('f0', 'resolved')]);
  assert.equal((await book.firing()).count, 11_999);
});
