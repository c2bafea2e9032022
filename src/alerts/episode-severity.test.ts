/** How grave an alert is while it goes on. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom } from '../core/random.ts';
import { evidence } from '../detectors/evidence/evidence.ts';
import { seasonal } from '../detectors/seasonal/seasonal.ts';
import type { Detector, DetectorContext } from '../detectors/detector.ts';
import type { AlertEvent } from '../receivers/alert-event.ts';
import type { MeasureSpec } from '../windows/spec.ts';
import type { AlertNaming } from './naming.ts';
import { createAlerts } from './alerts.ts';
import type { AlertState } from './state-machine.ts';

const MINUTE = 60_000;
const START = Date.parse('2026-03-02T00:00:00.000Z');
const window = { name: '1m', sizeMs: MINUTE, slideMs: MINUTE };
const orders: MeasureSpec = { kind: 'count', name: 'orders', source: 'events', where: [] };
const context: DetectorContext = { measure: orders, window, budget: { falseAlarmsPerDay: 1, tests: 1 }, groupings: [[]] };
const labels = { country: 'KR' };

/** All that is told of a drop, as orders come: minute, severity and which reminder. */
function play(name: string, detector: Detector, windows: number, ordersAt: (minute: number) => number, naming: AlertNaming = {}) {
  const alerts = createAlerts({ repeatAfterMs: 10 * MINUTE, locale: 'en' });
  const about = { pipeline: 'p', detector: name, measure: orders, window, direction: 'down', labels, metricName: 'orders' } as const;
  const subject = { ...about, naming, falseAlarmsPerDay: 1 };
  const told: (readonly [minute: number, event: AlertEvent])[] = [];
  let alert: AlertState | undefined;
  let state: unknown;
  let shared: unknown;
  for (let minute = 0; minute < windows; minute++) {
    const amount = ordersAt(minute);
    const at = { startMs: START + minute * MINUTE, endMs: START + (minute + 1) * MINUTE, volume: amount, parts: { amount, exposure: 1 } };
    const result = detector.observeWindow([{ state, observation: { ...at, labels, value: amount, absent: false } }], shared);
    ({ state } = result.steps[0]!);
    ({ shared } = result);
    for (const verdict of result.steps[0]!.verdicts) {
      if (verdict.direction !== 'down') continue;
      const step = alerts.judge(alert, subject, verdict, at);
      // As it stands in the state of a commit.
      alert = step.state && JSON.parse(JSON.stringify(step.state));
      if (step.change) told.push([minute, step.write()]);
    }
  }
  return told.map(([minute, { status, severity, repeat }]) => ({ minute, status, severity, repeat }));
}

const gravest = { low: 0, medium: 1, high: 2, critical: 3 } as const;

function evidenceOf(down: string): Detector {
  return evidence.create(evidence.config.parse({ down, habits: false }), context);
}

test('a total loss that began as a dip is told as grave at once, and the reminders keep their time', () => {
  const random = createRandom(5);
  const begins = 600;
  const told = play('evidence', evidenceOf('30%'), begins + 25, (minute) => {
    const mean = minute < begins ? 400 : minute < begins + 6 ? 240 : 8;
    return random.poisson(mean);
  });
  // It took two minutes of the dip to ring, so two are weighed at a time.
  assert.deepEqual(
    told.map(({ minute, severity, repeat }) => [minute - begins, severity, repeat]),
    [
      [1, 'medium', 0],
      [6, 'high', 1],
      [11, 'high', 2],
      [21, 'high', 3],
    ],
  );
});

test('a small series that goes on at its half is no graver for single windows with next to nothing', () => {
  const begins = 900;
  for (let seed = 1; seed <= 8; seed++) {
    const random = createRandom(seed);
    let isLittle = 0;
    const told = play('evidence', evidenceOf('30%'), begins + 150, (minute) => {
      const count = random.poisson(minute < begins ? 12 : 6);
      if (minute >= begins && count <= 2) isLittle += 1;
      return count;
    });
    const since = told.filter(({ minute, status }) => minute >= begins && status === 'firing');
    assert.ok(since.length > 3 && isLittle > 3, `seed ${seed}: ${since.length} told, ${isLittle} windows with a sixth`);
    for (const { severity } of since) assert.ok(gravest[severity] <= gravest.medium, `seed ${seed}: ${severity}`);
  }
});

test('of a seasonal episode the newest windows count too', () => {
  const random = createRandom(3);
  const begins = 3 * 1_440;
  const detector = seasonal.create(seasonal.config.parse({ down: '20%' }), context);
  const told = play('seasonal', detector, begins + 12, (minute) => {
    const mean = 1_000 + 300 * Math.sin((minute / 1_440) * 2 * Math.PI);
    return random.poisson(minute < begins ? mean : minute < begins + 5 ? 0.6 * mean : 0.02 * mean);
  }).filter(({ minute }) => minute >= begins);
  assert.deepEqual(
    told.map(({ minute, repeat }) => [minute - begins, repeat]),
    [
      [0, 0],
      [5, 1],
      [10, 2],
    ],
  );
  assert.equal(told[0]?.severity, 'medium');
  assert.ok(gravest[told[1]!.severity] >= gravest.high, told[1]!.severity);
});

test('the severity of the file stays what it is', () => {
  const begins = 600;
  const random = createRandom(5);
  const at = (minute: number): number => random.poisson(minute < begins ? 400 : minute < begins + 6 ? 240 : 8);
  const told = play('evidence', evidenceOf('30%'), begins + 9, at, { severity: 'low' });
  assert.deepEqual(
    told.map(({ severity, repeat }) => [severity, repeat]),
    [['low', 0]],
  );
});
