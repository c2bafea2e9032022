/** The detector `seasonal` in the monitor: an average without parts, a daily profile with a batch job at 03:00, a break. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAlerts } from '../../alerts/alerts.ts';
import { createRandom } from '../../core/random.ts';
import { detectorCatalog } from '../../detectors/catalog.ts';
import type { AlertEvent } from '../../receivers/alert-event.ts';
import { endingOf } from '../../receivers/ending.ts';
import type { WindowRecord } from '../../windows/row.ts';
import type { MonitorSpec } from './monitor-spec.ts';
import { createMonitor } from './monitor.ts';

const STEP = 10 * 60_000;
const DAY = 144;
const START = Date.parse('2026-03-02T00:00:00.000Z');

const spec: MonitorSpec = {
  pipeline: 'shop',
  dimensions: ['country'],
  rollups: [],
  windows: [{ name: '10m', sizeMs: STEP, slideMs: STEP }],
  measures: [{ kind: 'average', name: 'latency', source: 'requests', where: [], field: 'ms', unit: 'ms' }],
  detect: [
    {
      detector: 'seasonal',
      config: detectorCatalog.seasonal.config.parse({ down: '30%', up: '50%' }),
      measure: 'latency',
      window: '10m',
      over: 'full',
    },
  ],
  falseAlarmsPerDay: 0.1,
  repeatAfterMs: 86_400_000,
  locale: 'en',
};

const iso = (index: number): string => new Date(START + index * STEP).toISOString();

/** A quiet night, a busy day, a job at 03:00; `broken`: one country answers three times as slowly; `gone`: nobody asks it. */
function windowOf(index: number, broken: boolean, gone = false): WindowRecord[] {
  const random = createRandom(21, index);
  const minute = (index % DAY) * 10;
  const time = { pipeline: 'shop', window: '10m', window_start: iso(index), window_end: iso(index + 1), idle: [] };
  const rows = (gone ? ['DE', 'US'] : ['DE', 'KR', 'US']).map((country): WindowRecord => {
    const usual = 120 + 50 * Math.sin((2 * Math.PI * minute) / 1_440) + (minute === 180 ? 300 : 0);
    const latency = usual * Math.exp(0.05 * random.normal()) * (broken && country === 'KR' ? 3 : 1);
    const counts = { events: 500, replayed: 0, corrections: 0, version: '1', origin: '', partitions: [] };
    return { ...time, ...counts, kind: 'row', labels: { country }, measures: { latency }, state: {}, final: true };
  });
  return [...rows, { ...time, kind: 'closed' }];
}

test('a daily profile with a job at 03:00 is learnt; a break rings in its own series, explains itself, and ends', () => {
  const monitor = createMonitor(spec, { alerts: createAlerts(spec) });
  const broken = 8 * DAY + 60;
  const events: (AlertEvent & { readonly at: number })[] = [];
  for (let index = 0; index < 9 * DAY; index++) {
    for (const record of windowOf(index, index >= broken && index < broken + 12)) {
      for (const event of monitor.observe(record)) events.push({ ...event, at: index });
    }
  }
  const late = events.filter(({ at }) => at >= 4 * DAY);
  assert.deepEqual(
    late.map(({ series, status, direction }) => `${series} ${direction} ${status}`),
    ['latency{country="KR"} up firing', 'latency{country="KR"} up resolved'],
  );
  const [alert, end] = late as [(typeof late)[0], (typeof late)[0]];
  assert.ok(alert.at <= broken + 1 && end.at >= broken + 12 && end.at <= broken + 16, `${alert.at - broken} ${end.at - broken}`);
  const { evidence, ratio, text } = alert.explanation;
  assert.ok(evidence && evidence.log >= evidence.log_needed && ratio !== null && ratio > 2, text);
});

test('an alert on what is gone ends a day after its last value, as no all-clear; back as it was, it is no news', () => {
  const monitor = createMonitor(spec, { alerts: createAlerts(spec) });
  const broken = 8 * DAY + 60;
  const [gone, back] = [broken + 3, broken + 3 * DAY];
  const told: string[] = [];
  for (let index = 0; index < back + 20; index++) {
    for (const record of windowOf(index, index >= broken && index < gone, index >= gone && index < back)) {
      for (const event of monitor.observe(record)) {
        if (index < broken || event.repeat > 0) continue;
        told.push(`${index - broken}: ${event.series} ${event.status === 'resolved' ? endingOf(event) : event.status}`);
      }
    }
  }
  assert.deepEqual(told, ['0: latency{country="KR"} firing', `${3 + DAY}: latency{country="KR"} no_data`]);
});
