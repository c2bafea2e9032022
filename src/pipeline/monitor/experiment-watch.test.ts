/** An experiment that is decided and goes on, and one that stops. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAlerts } from '../../alerts/alerts.ts';
import { detectorCatalog } from '../../detectors/catalog.ts';
import { createMonitor, type Monitor } from './monitor.ts';
import { closedAt, rowAt } from '../../../test/support/window-row.ts';

const HOUR = 3_600_000;
const DAY = 24;
const START = Date.parse('2026-03-02T00:00:00.000Z');

function monitorOf(): Monitor {
  return createMonitor(
    {
      pipeline: 'p',
      dimensions: ['banner'],
      windows: [{ name: '1h', sizeMs: HOUR, slideMs: HOUR }],
      measures: [
        { kind: 'count', name: 'clicks', source: 'events', where: [] },
        { kind: 'count', name: 'views', source: 'events', where: [] },
        { kind: 'ratio', name: 'ctr', numerator: 'clicks', denominator: 'views', scale: 100, unit: '%' },
      ],
      rollups: [],
      detect: [
        {
          detector: 'experiment',
          config: detectorCatalog.experiment.config.parse({ of: 'banner', control: 'old' }),
          measure: 'ctr',
          window: '1h',
          over: 'full',
        },
      ],
      falseAlarmsPerDay: 1,
      repeatAfterMs: HOUR,
      locale: 'en',
    },
    { alerts: createAlerts({ repeatAfterMs: HOUR, locale: 'en' }) },
  );
}

/** All that is told of hours; `new` is clicked twice as often. The monitor is a new one, with the state of the old, every five days. */
function play(hours: number, hasControl: (hour: number) => boolean): string[] {
  const told: string[] = [];
  let monitor = monitorOf();
  const state = new Map<string, Uint8Array>();
  for (let hour = 0; hour < hours; hour++) {
    const startMs = START + hour * HOUR;
    const place = { window: '1h', window_end: new Date(startMs + HOUR).toISOString() };
    for (const [banner, clicks] of [
      ['new', 80],
      ['old', 40],
    ] as const) {
      if (banner === 'old' && !hasControl(hour)) continue;
      const measures = { clicks, views: 1_000, ctr: clicks / 10 };
      const counted = { clicks, views: 1_000 };
      monitor.observe(rowAt(startMs, { ...place, labels: { banner }, measures, state: counted, events: clicks + 1_000 }));
    }
    for (const { labels, alert_type, status, repeat } of monitor.observe(closedAt(startMs, place))) {
      told.push(`day ${Math.floor(hour / DAY)}: ${labels.banner} ${alert_type} ${status} ${repeat}`);
    }
    for (const [key, value] of monitor.takeStateChanges()) {
      if (value) state.set(key, value);
      else state.delete(key);
    }
    if (hour % (5 * DAY) === 0) {
      monitor = monitorOf();
      monitor.restore(state);
    }
  }
  return told;
}

test('a decision stands for as long as both variants have traffic, and is told once', () => {
  assert.deepEqual(
    play(70 * DAY, () => true),
    ['day 0: new ctr_spike firing 0'],
  );
});

test('it ends when there was nothing to compare for 30 days, and does not ring anew when there is', () => {
  const stops = 10 * DAY;
  assert.deepEqual(
    play(60 * DAY, (hour) => hour < stops || hour > 45 * DAY),
    ['day 0: new ctr_spike firing 0', 'day 40: new ctr_spike resolved 0'],
  );
});
