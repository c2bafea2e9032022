/** The detector `change` in the monitor: a ratio that rings, and then has nothing behind it any more. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAlerts } from '../../alerts/alerts.ts';
import { detectorCatalog } from '../../detectors/catalog.ts';
import { endingOf } from '../../receivers/ending.ts';
import { createMonitor } from './monitor.ts';
import { closedAt, rowAt } from '../../../test/support/window-row.ts';

const HOUR = 3_600_000;
const START = Date.parse('2026-03-02T00:00:00.000Z');
const IMPRESSIONS = 10_000;

/** All that is told of hours with so many clicks; undefined: nobody was shown anything. */
function play(hours: number, clicksOf: (hour: number) => number | undefined): string[] {
  const settings = { repeatAfterMs: 1_000 * HOUR, locale: 'en' } as const;
  const monitor = createMonitor(
    {
      pipeline: 'p',
      dimensions: ['site'],
      windows: [{ name: 'w', sizeMs: HOUR, slideMs: HOUR }],
      measures: [
        { kind: 'count', name: 'clicks', source: 'events', where: [] },
        { kind: 'count', name: 'impressions', source: 'events', where: [] },
        { kind: 'ratio', name: 'ctr', numerator: 'clicks', denominator: 'impressions', scale: 100, unit: '%' },
      ],
      rollups: [],
      detect: [
        {
          detector: 'change',
          config: detectorCatalog.change.config.parse({ span: '1h', down: '30%', up: '50%' }),
          measure: 'ctr',
          window: 'w',
          over: 'full',
        },
      ],
      falseAlarmsPerDay: 1,
      ...settings,
    },
    { alerts: createAlerts(settings) },
  );
  const told: string[] = [];
  for (let hour = 0; hour < hours; hour++) {
    const startMs = START + hour * HOUR;
    const place = { window: 'w', window_end: new Date(startMs + HOUR).toISOString() };
    const clicks = clicksOf(hour);
    if (clicks !== undefined) {
      const state = { clicks, impressions: IMPRESSIONS };
      const measures = { ...state, ctr: (100 * clicks) / IMPRESSIONS };
      monitor.observe(rowAt(startMs, { ...place, labels: { site: 'a' }, measures, state, events: IMPRESSIONS + clicks }));
    }
    for (const event of monitor.observe(closedAt(startMs, place))) {
      told.push(`${hour}: ${event.direction} ${event.status === 'resolved' ? endingOf(event) : event.status}`);
    }
  }
  return told;
}

test('an alert on what is gone ends a day after it was compared last, as no all-clear; back as it was, it is no news', () => {
  const clicksOf = (hour: number): number | undefined => (hour >= 77 && hour < 110 ? undefined : hour >= 72 && hour < 77 ? 1_000 : 500);
  assert.deepEqual(play(200, clicksOf), ['72: up firing', '101: up no_data']);
});
