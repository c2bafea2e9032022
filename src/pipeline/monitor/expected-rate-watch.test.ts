/** An item whose designed rate was corrected, or that is drawn seldom. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAlerts } from '../../alerts/alerts.ts';
import { detectorCatalog } from '../../detectors/catalog.ts';
import { endingOf } from '../../receivers/ending.ts';
import { createMonitor, type Monitor } from './monitor.ts';
import { closedAt, rowAt } from '../../../test/support/window-row.ts';

const HOUR = 3_600_000;
const START = Date.parse('2026-03-02T00:00:00.000Z');

function monitorOf(sizeMs: number): Monitor {
  return createMonitor(
    {
      pipeline: 'p',
      dimensions: ['item', 'designed'],
      windows: [{ name: 'w', sizeMs, slideMs: sizeMs }],
      measures: [
        { kind: 'count', name: 'drops', source: 'events', where: [] },
        { kind: 'count', name: 'draws', source: 'events', where: [] },
        { kind: 'ratio', name: 'drop_rate', numerator: 'drops', denominator: 'draws', scale: 100, unit: '%' },
      ],
      rollups: [],
      detect: [
        {
          detector: 'expected-rate',
          config: detectorCatalog['expected-rate'].config.parse({ rate_in: 'designed' }),
          measure: 'drop_rate',
          window: 'w',
          over: 'full',
        },
      ],
      falseAlarmsPerDay: 1,
      repeatAfterMs: 1_000 * HOUR,
      locale: 'en',
    },
    { alerts: createAlerts({ repeatAfterMs: 1_000 * HOUR, locale: 'en' }) },
  );
}

/** All that is told of windows: of 10,000 draws, those of which `drawn` says so, 30 drop. Undefined: nobody draws. */
function play(windows: number, drawn: (window: number) => string | undefined, sizeMs = HOUR): string[] {
  const monitor = monitorOf(sizeMs);
  const told: string[] = [];
  for (let window = 0; window < windows; window++) {
    const startMs = START + window * sizeMs;
    const place = { window: 'w', window_end: new Date(startMs + sizeMs).toISOString() };
    const designed = drawn(window);
    if (designed !== undefined) {
      const counted = { drops: 30, draws: 10_000 };
      const labels = { item: 'sword', designed };
      monitor.observe(rowAt(startMs, { ...place, labels, measures: { ...counted, drop_rate: 0.3 }, state: counted, events: 10_030 }));
    }
    for (const event of monitor.observe(closedAt(startMs, place))) {
      const how = event.status === 'resolved' ? endingOf(event) : event.status;
      told.push(`${window}: ${event.labels.designed} ${event.direction} ${how}`);
    }
  }
  return told;
}

test('an alert on a rate that was corrected ends, as no all-clear, a day after the last attempt at it', () => {
  assert.deepEqual(
    play(60, (hour) => (hour < 10 ? '0.6%' : '0.3%')),
    ['0: 0.6% down firing', '34: 0.6% down no_data'],
  );
});

test('what was counted is remembered for longer: drawn again, an item that is still wrong rings again', () => {
  assert.deepEqual(
    play(102, (hour) => (hour < 10 || hour === 100 ? '0.6%' : undefined)),
    ['0: 0.6% down firing', '34: 0.6% down no_data', '100: 0.6% down firing'],
  );
});

test('of windows of a day it takes ten without an attempt', () => {
  assert.deepEqual(
    play(30, (day) => (day < 2 ? '0.6%' : undefined), 24 * HOUR),
    ['0: 0.6% down firing', '12: 0.6% down no_data'],
  );
});
