/** The default detector on measures that do not add up from segment to roll-up: different values, and what became of records. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAlerts } from '../../alerts/alerts.ts';
import { createRandom } from '../../core/random.ts';
import { detectorCatalog } from '../../detectors/catalog.ts';
import type { AlertEvent } from '../../receivers/alert-event.ts';
import type { WindowRecord } from '../../windows/row.ts';
import type { MonitorSpec } from './monitor-spec.ts';
import { createMonitor } from './monitor.ts';

const MINUTE = 60_000;
const START = Date.parse('2026-03-02T00:00:00.000Z');
const COUNTRIES = ['DE', 'JP', 'KR', 'US'];
const CALM = 180;
/** Of the users that the countries count, the total counts so many once. */
const ONCE = 0.6;

const spec: MonitorSpec = {
  pipeline: 'shop',
  dimensions: ['country'],
  rollups: [[]],
  windows: [{ name: '1m', sizeMs: MINUTE, slideMs: MINUTE }],
  measures: [
    { kind: 'distinct', name: 'users', source: 'events', where: [], field: 'user' },
    { kind: 'count', name: 'lost', source: '', where: [], outcomes: ['invalid'] },
    { kind: 'count', name: 'records', source: '', where: [], outcomes: ['accepted', 'invalid'] },
    { kind: 'ratio', name: 'lost_rate', numerator: 'lost', denominator: 'records', scale: 100 },
  ],
  detect: [
    { measure: 'users', settings: { down: '50%' } },
    { measure: 'lost', settings: { up: '200%' } },
    { measure: 'lost_rate', settings: { up: '100%' } },
  ].map(({ measure, settings }) => ({
    detector: 'evidence',
    config: detectorCatalog.evidence.config.parse(settings),
    measure,
    window: '1m',
    over: 'all',
  })),
  falseAlarmsPerDay: 1,
  repeatAfterMs: 10 * MINUTE,
  locale: 'en',
};

/** Told in the half hour in which users and broken records come `users` and `lost` times as often. */
function toldWith(users: number, lost: number): AlertEvent[] {
  const monitor = createMonitor(spec, { alerts: createAlerts(spec) });
  const random = createRandom(5);
  const told: AlertEvent[] = [];
  for (let minute = 0; minute < CALM + 30; minute++) {
    const [usersNow, lostNow] = minute < CALM ? [1, 1] : [users, lost];
    const of = COUNTRIES.map(() => random.poisson(60 * usersNow));
    const broken = random.poisson(20 * lostNow);
    const [window_start, window_end] = [minute, minute + 1].map((at) => new Date(START + at * MINUTE).toISOString()) as [string, string];
    const place = { pipeline: 'shop', window: '1m', window_start, window_end, idle: [] };
    const rest = { state: {}, events: 1_000, replayed: 0, final: true, corrections: 0, version: '1', origin: '', partitions: [] };
    const total = { users: Math.round(ONCE * of.reduce((sum, one) => sum + one, 0)), lost: broken, records: 1_000 + broken };
    const records: WindowRecord[] = [
      ...COUNTRIES.map((country, i) => ({ kind: 'row' as const, ...place, ...rest, labels: { country }, measures: { users: of[i]! } })),
      { kind: 'row', ...place, ...rest, labels: {}, measures: { ...total, lost_rate: (100 * broken) / (1_000 + broken) } },
      { kind: 'closed', ...place },
    ];
    const events = records.flatMap((record) => monitor.observe(record));
    assert.ok(minute >= CALM || events.length === 0, events[0]?.message);
    told.push(...events.filter(({ status, part_of, repeat }) => status === 'firing' && part_of === undefined && repeat === 0));
  }
  return told;
}

test('users that are missing everywhere are told of the total, in its own number', () => {
  const [alert, ...others] = toldWith(0.3, 1);
  assert.deepEqual([alert?.series, alert?.direction, others.length], ['users{}', 'down', 0]);
  const usual = ONCE * 60 * COUNTRIES.length;
  const { evidence } = alert!.explanation;
  assert.ok(Math.abs(alert!.expected_value / usual - 1) < 0.2 && alert!.current_value! / usual < 0.5, alert!.message);
  const [low, high] = evidence!.expected_range;
  assert.ok(low < usual && usual < high, JSON.stringify(evidence));
});

test('what became of records is judged by itself, as the total alone has it: a count, and a share of them', () => {
  const told = toldWith(1, 5).map(({ series, direction }) => `${series} ${direction}`);
  assert.deepEqual(told.toSorted(), ['lost_rate{} up', 'lost{} up']);
});
