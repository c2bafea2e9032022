/** Which alerts rang, and when; those beyond the ones that are listed count as they would in the list. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test, type TestContext } from 'node:test';
import { systemClock } from '../../core/clock.ts';
import type { AlertEvent } from '../../receivers/alert-event.ts';
import { bellOf } from './bell.ts';
import { runBacktest, type BacktestOptions } from './backtest.ts';
import { createRungAlerts, type JudgedRange } from './rung-alerts.ts';
import { ORDERS_PIPELINE } from '../../../test/support/orders-pipeline.ts';
import { sampleAlert } from '../../../test/support/sample-alert.ts';
import { temporary } from '../../../test/support/temporary.ts';

const ALWAYS = { from: -Infinity, to: Infinity };

/** Three at once: one speaks for the others, which ring by themselves once it has ended; one of them ends before. */
const EVENTS: readonly AlertEvent[] = [
  { ...sampleAlert, alert_id: 'speaker' },
  { ...sampleAlert, alert_id: 'left', part_of: 'speaker' },
  { ...sampleAlert, alert_id: 'over', part_of: 'speaker' },
  // Graver than it was told, and still part of another one.
  { ...sampleAlert, alert_id: 'left', part_of: 'speaker', repeat: 1 },
  { ...sampleAlert, alert_id: 'over', part_of: 'speaker', status: 'resolved' },
  { ...sampleAlert, alert_id: 'speaker', status: 'resolved' },
  { ...sampleAlert, alert_id: 'left', repeat: 2 },
  { ...sampleAlert, alert_id: 'left', repeat: 3 },
  { ...sampleAlert, alert_id: 'left', status: 'resolved' },
];

function countsWith(most: number, events: readonly AlertEvent[] = EVENTS) {
  const rung = createRungAlerts(ALWAYS, most);
  for (const event of events) rung.note(event);
  const { alerts, dropped } = rung.judged();
  const folded = alerts.filter(({ part_of }) => part_of !== undefined).length;
  return { listed: alerts.length, rang: alerts.length - folded + dropped.rang, folded: folded + dropped.folded };
}

test('one that was folded, and rings by itself once its speaker has ended, has rung, listed or not', () => {
  for (const most of [0, 1, 2, 3]) assert.deepEqual(countsWith(most), { listed: most, rang: 2, folded: 1 }, `${most} listed`);
});

test('while its speaker goes on it is folded, listed or not', () => {
  for (const most of [0, 1, 2, 3]) {
    assert.deepEqual(countsWith(most, EVENTS.slice(0, 4)), { listed: most, rang: 1, folded: 2 }, `${most} listed`);
  }
});

const START = Date.UTC(2026, 2, 2, 9);
const iso = (minute: number): string => new Date(START + minute * 60_000).toISOString();

/** At the end of this minute. */
function at(minute: number, id: string, more: Partial<AlertEvent> = {}): AlertEvent {
  const times = { alert_time: iso(minute + 1), window_start: iso(minute), window_end: iso(minute + 1) };
  return { ...sampleAlert, alert_id: id, ...times, ...more };
}

function bellsOf(events: readonly AlertEvent[], range: JudgedRange, most = 100) {
  const rung = createRungAlerts(range, most);
  for (const event of events) rung.note(event);
  const { alerts, dropped } = rung.judged();
  return { listed: alerts.map((alert) => `${alert.alert_id} ${bellOf(alert)} ${alert.window_start.slice(14, 16)}`), dropped };
}

const NONE = { rang: 0, folded: 0, in_cooldown: 0 };

test('one that began within the cooldown rings with its first reminder, and not where it is over before', () => {
  const events = [
    at(0, 'first'),
    at(2, 'first', { status: 'resolved' }),
    at(3, 'short', { cooldown_until: iso(11) }),
    at(5, 'short', { status: 'resolved' }),
    at(6, 'long', { cooldown_until: iso(11) }),
    // Graver than it was told: no reminder, for those who are told of all.
    at(8, 'long', { repeat: 1 }),
    at(10, 'long', { repeat: 2 }),
    at(20, 'long', { repeat: 3 }),
    at(22, 'long', { status: 'resolved' }),
  ];
  assert.deepEqual(bellsOf(events.slice(0, 6), ALWAYS), {
    listed: ['first rang 00', 'short in_cooldown 03', 'long in_cooldown 06'],
    dropped: NONE,
  });
  assert.deepEqual(bellsOf(events, ALWAYS), { listed: ['first rang 00', 'short in_cooldown 03', 'long rang 10'], dropped: NONE });
  assert.deepEqual(bellsOf(events.slice(0, 6), ALWAYS, 1).dropped, { rang: 0, folded: 0, in_cooldown: 2 });
  assert.deepEqual(bellsOf(events, ALWAYS, 1).dropped, { rang: 1, folded: 0, in_cooldown: 1 });
});

test('one that was folded before the range, and rings by itself in it, has rung in it', () => {
  const spokenFor = { part_of: 'speaker' };
  const events = [
    at(0, 'speaker'),
    ...['early', 'left', 'over', 'still'].map((id) => at(0, id, spokenFor)),
    at(0, 'told'),
    at(4, 'early', { repeat: 1 }),
    at(10, 'told', { repeat: 1 }),
    at(12, 'over', { ...spokenFor, status: 'resolved' }),
    at(14, 'early', { repeat: 2 }),
    at(15, 'speaker', { status: 'resolved' }),
    at(16, 'over', { repeat: 1 }),
    at(25, 'left', { repeat: 1 }),
    at(35, 'left', { repeat: 2 }),
    at(40, 'left', { status: 'resolved' }),
  ];
  const range = { from: START + 10 * 60_000, to: Infinity };
  assert.deepEqual(bellsOf(events, range), { listed: ['left rang 25'], dropped: NONE });
  assert.deepEqual(bellsOf(events, range, 0).dropped, { rang: 1, folded: 0, in_cooldown: 0 });
});

/** Orders of each minute, one row each; a rule rings above 50. */
function backtest(t: TestContext, orders: readonly number[], options: Partial<BacktestOptions> = {}) {
  const dir = temporary(t);
  const [file, input] = [join(dir, 'shop.yml'), join(dir, 'rows.ndjson')];
  writeFileSync(file, ORDERS_PIPELINE);
  const rows = orders.map((count, minute) => JSON.stringify({ window: '1m', window_start: iso(minute), country: 'KR', orders: count }));
  writeFileSync(input, rows.join('\n'));
  const order = { file, input, data: join(dir, 'nowhere'), warmUpMs: 0, set: [], compare: false, graceMs: 0, ...options };
  return runBacktest(order, { clock: systemClock, stdin: Readable.from([]) });
}

test('what nobody would have been told of is told apart: in the counts, the rates and the score', async (t) => {
  const high = (minute: number): number => (minute < 8 && minute % 3 < 2 ? 90 : 10);
  const orders = Array.from({ length: 30 }, (_, minute) => high(minute));
  const incidents = () => [{ start: iso(0), end: iso(30) }];
  const compared = await backtest(t, orders, { incidents, set: ['detect.orders.above=80'], compare: true });
  for (const { rang, in_cooldown, folded, rang_per_day, score } of compared.settings) {
    assert.deepEqual([rang, in_cooldown, folded, rang_per_day], [1, 2, 0, 48]);
    assert.deepEqual(score!.precision, { count: 1, of: 1 });
  }
  assert.equal(compared.comparison!.length, 1);
  const { settings } = await backtest(
    t,
    orders.map((count, minute) => (minute > 5 && minute < 20 ? 90 : count)),
  );
  assert.deepEqual([settings[0]!.rang, settings[0]!.in_cooldown], [2, 1]);
  assert.deepEqual(
    settings[0]!.alerts.map(({ alert_time }) => alert_time),
    [iso(1), iso(4), iso(11)],
  );
});
