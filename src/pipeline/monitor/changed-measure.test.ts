/** A measure that was defined anew under its name: what detectors learnt of it is of something else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAlerts } from '../../alerts/alerts.ts';
import { detectorCatalog, type DetectorName } from '../../detectors/catalog.ts';
import type { MeasureSpec } from '../../windows/spec.ts';
import { meaningOf } from './measure-meaning.ts';
import { createMonitor, type Monitor } from './monitor.ts';
import { closedAt, rowAt } from '../../../test/support/window-row.ts';

const MINUTE = 60_000;
const START = Date.parse('2026-03-02T00:00:00.000Z');
const PER_MINUTE = { orders: 100, visits: 2_000, sessions: 500 };
const SETTINGS: { readonly [name in DetectorName]?: object } = {
  evidence: { down: '50%', up: '100%' },
  'ema-threshold': { down: '50%', up: '50%' },
  seasonal: { down: '50%', up: '100%' },
};

type Counts = Readonly<Record<keyof typeof PER_MINUTE, number>>;

/** Of the events whose `type` it is named after. */
function count(name: string): MeasureSpec {
  return { kind: 'count', name, source: 'events', where: [{ field: 'type', anyOf: [name] }] };
}

function ratio(numerator: string, denominator: string, scale = 100): MeasureSpec {
  return { kind: 'ratio', name: 'conversion', numerator, denominator, scale };
}

function monitorOf(detector: DetectorName, conversion: MeasureSpec): Monitor {
  const config = detectorCatalog[detector].config.parse(SETTINGS[detector]);
  const alerts = createAlerts({ repeatAfterMs: 10 * MINUTE, locale: 'en' });
  const measures = [count('orders'), count('visits'), count('sessions'), conversion];
  return createMonitor(
    {
      pipeline: 'p',
      dimensions: ['country'],
      windows: [{ name: '1m', sizeMs: MINUTE, slideMs: MINUTE }],
      measures,
      rollups: [[]],
      detect: [{ detector, config, measure: 'conversion', window: '1m', over: 'all' }],
      falseAlarmsPerDay: 1,
      repeatAfterMs: 10 * MINUTE,
      locale: 'en',
    },
    { alerts },
  );
}

/** What is told of minutes in which nothing changes; `measured` makes the measure of what was counted, and `part` of the orders come. */
function play(monitor: Monitor, from: number, until: number, measured: (counts: Counts) => number, part = 1): string[] {
  const told: string[] = [];
  for (let minute = from; minute < until; minute++) {
    const startMs = START + minute * MINUTE;
    for (const country of ['KR', 'US', undefined]) {
      const times = (country === undefined ? 2 : 1) * (1 + 0.01 * (minute % 3));
      const counts = { orders: part * PER_MINUTE.orders * times, visits: PER_MINUTE.visits * times, sessions: PER_MINUTE.sessions * times };
      const labels = country === undefined ? {} : { country };
      const measures = { ...counts, conversion: measured(counts) };
      monitor.observe(rowAt(startMs, { window: '1m', labels, measures, state: counts, events: counts.visits }));
    }
    const events = monitor.observe(closedAt(startMs, { window: '1m' }));
    told.push(...events.map(({ alert_type, status, labels }) => `${labels['country'] ?? 'all'} ${alert_type} ${status}`));
  }
  return told;
}

const ofVisits = ({ orders, visits }: Counts): number => (100 * orders) / visits;
const ofSessions = ({ orders, sessions }: Counts): number => (100 * orders) / sessions;

/** The state after five hours. */
function learntBy(detector: DetectorName): [string, Uint8Array][] {
  const monitor = monitorOf(detector, ratio('orders', 'visits'));
  assert.deepEqual(play(monitor, 0, 300, ofVisits), []);
  return monitor.takeStateChanges().map(([key, value]): [string, Uint8Array] => [key, value!]);
}

function goingOn(detector: DetectorName, state: Iterable<[string, Uint8Array]>, conversion: MeasureSpec): Monitor {
  const monitor = monitorOf(detector, conversion);
  monitor.restore(state);
  return monitor;
}

for (const detector of Object.keys(SETTINGS) as DetectorName[]) {
  test(`${detector}: a ratio that has another denominator, or scale, rings nothing; as it was it goes on`, () => {
    const state = learntBy(detector);
    assert.deepEqual(play(goingOn(detector, state, ratio('orders', 'sessions')), 300, 360, ofSessions), []);
    const perMille = ratio('orders', 'visits', 1_000);
    const [calm, fallen] = [1, 0.1].map((part) =>
      play(goingOn(detector, state, perMille), 300, 360, (counts) => 10 * ofVisits(counts), part),
    );
    assert.deepEqual(calm, []);
    // What orders and visits were is as good as it was, where the ratio itself is not what is judged.
    assert.equal(fallen!.length > 0, detector === 'evidence');
    assert.ok(play(goingOn(detector, state, ratio('orders', 'visits')), 300, 360, ofVisits, 0.1).length > 0);
  });

  test(`${detector}: state that was written when the measure was not noted is taken`, () => {
    const state = learntBy(detector).map(([key, value]): [string, Uint8Array] => [key, withoutMeasure(value)]);
    // Whatever the measure is now: nobody knows what it was.
    assert.ok(play(goingOn(detector, state, ratio('orders', 'sessions')), 300, 360, ofSessions).length > 0);
  });
}

function withoutMeasure(value: Uint8Array): Uint8Array {
  const text = Buffer.from(value).toString('latin1');
  return Buffer.from(text.replace(/,"measure":"[^"]*"/, ''), 'latin1');
}

test('a measure means what it counts and where, not what it is called nor how it is shown', () => {
  const orders = count('orders');
  const meaning = (measure: MeasureSpec, ofValues = false): string =>
    meaningOf(measure, [orders, { ...orders, name: 'buys' }, count('visits')], ofValues ? { ofValues } : {});
  const conversion = ratio('orders', 'visits');
  const same: [MeasureSpec, MeasureSpec][] = [
    [orders, { ...orders, name: 'sales', unit: 'orders' }],
    [conversion, { ...conversion, name: 'rate', unit: '%', scale: 1 } as MeasureSpec],
    [conversion, ratio('buys', 'visits')],
  ];
  for (const [one, other] of same) assert.equal(meaning(one), meaning(other));
  const others: [MeasureSpec, MeasureSpec][] = [
    [orders, count('visits')],
    [orders, { ...orders, where: [] } as MeasureSpec],
    [orders, conversion],
    [orders, { ...orders, source: 'shop' } as MeasureSpec],
    [conversion, ratio('visits', 'orders')],
    [orders, { kind: 'sum', name: 'orders', source: 'events', field: 'amount', where: [] }],
  ];
  for (const [one, other] of others) assert.notEqual(meaning(one), meaning(other));
  assert.notEqual(meaning(conversion, true), meaning(ratio('orders', 'visits', 1), true));
});
