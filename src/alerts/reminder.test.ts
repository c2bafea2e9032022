/** What a reminder tells: of an episode that goes on, in numbers that hold for all of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { change } from '../detectors/change/change.ts';
import { changeConfig } from '../detectors/change/config.ts';
import { seasonalConfig } from '../detectors/seasonal/config.ts';
import { seasonal } from '../detectors/seasonal/seasonal.ts';
import type { Detector, DetectorContext, Grounds, Verdict } from '../detectors/detector.ts';
import type { AlertEvent } from '../receivers/alert-event.ts';
import type { MeasureSpec } from '../windows/spec.ts';
import type { AlertSubject } from './alert-facts.ts';
import { createAlerts } from './alerts.ts';
import type { AlertState } from './state-machine.ts';

const MINUTE = 60_000;
const DAY_WINDOWS = 1_440;
const START = Date.parse('2026-03-02T00:00:00.000Z');
const window = { name: '1m', sizeMs: MINUTE, slideMs: MINUTE };
const ctr: MeasureSpec = { kind: 'ratio', name: 'ctr', numerator: 'clicks', denominator: 'impressions', scale: 100, unit: '%' };
const errors: MeasureSpec = { kind: 'count', name: 'errors', source: 'events', where: [] };
const net: MeasureSpec = { kind: 'sum', name: 'net', source: 'events', where: [], field: 'net', unit: 'EUR', currency: 'EUR' };

const timeOf = (minute: number) => ({ startMs: START + minute * MINUTE, endMs: START + (minute + 1) * MINUTE });

function subjectOf(detector: string, measure: MeasureSpec, direction: 'down' | 'up'): AlertSubject {
  return { pipeline: 'p', detector, measure, window, direction, labels: {}, metricName: measure.name, naming: {}, falseAlarmsPerDay: 1 };
}

interface Told {
  readonly minute: number;
  readonly event: AlertEvent;
}

/** All that is told of one series, of which `partsAt` says the parts in each window. */
function play(
  name: string,
  detector: Detector,
  measure: MeasureSpec,
  windows: number,
  partsAt: (minute: number) => { amount: number; exposure: number },
): Told[] {
  const alerts = createAlerts({ repeatAfterMs: 10 * MINUTE, locale: 'en' });
  const states: { down?: AlertState | undefined; up?: AlertState | undefined } = {};
  const told: Told[] = [];
  let state: unknown;
  const scale = measure.kind === 'ratio' ? measure.scale : 1;
  for (let minute = 0; minute < windows; minute++) {
    const parts = partsAt(minute);
    const at = { ...timeOf(minute), volume: parts.exposure, parts };
    const observation = { ...at, labels: {}, value: (parts.amount / parts.exposure) * scale, absent: false };
    const [step] = detector.observeWindow([{ state, observation }], undefined).steps;
    state = step!.state;
    for (const verdict of step!.verdicts) {
      const { direction } = verdict;
      const next = alerts.judge(states[direction], subjectOf(name, measure, direction), verdict, at);
      states[direction] = next.state;
      if (next.change) told.push({ minute, event: next.write() });
    }
  }
  return told;
}

function contextOf(measure: MeasureSpec, adds: 'events' | 'amounts' = 'events'): DetectorContext {
  return { measure, window, adds, budget: { falseAlarmsPerDay: 1, tests: 1 }, groupings: [[]] };
}

test('of a detector that adds up the episode a reminder tells that sum, whatever its last window was like', () => {
  const begins = 3 * DAY_WINDOWS;
  const sums: { amount: number; exposure: number }[] = [];
  const detector = change.create(changeConfig.parse({ against: '1d', down: '30%' }), contextOf(ctr));
  const told = play('change', detector, ctr, begins + 120, (minute) => {
    if (minute < begins) return { amount: 200, exposure: 2_000 };
    // Every second quarter of an hour is mild, and ends with a busy minute; the others end with a quiet one.
    const isMild = Math.floor(minute / 15) % 2 === 1;
    const exposure = minute % 15 === 14 ? (isMild ? 20_000 : 100) : 2_000;
    const parts = { amount: exposure * (isMild ? 0.065 : 0.02), exposure };
    const before = sums.at(-1) ?? { amount: 0, exposure: 0 };
    sums.push({ amount: before.amount + parts.amount, exposure: before.exposure + parts.exposure });
    return parts;
  });
  assert.deepEqual(
    told.map(({ event }) => event.repeat),
    [0, 1, 2, 3, 4, 5, 6, 7],
  );
  for (const { minute, event } of told) {
    const { amount, exposure } = sums[minute - begins]!;
    const truth = (amount / exposure) * 100;
    const { explanation, current_value: current } = event;
    const { ratio_range, expected_range, until } = explanation.evidence!;
    assert.ok(Math.abs(current! - truth) < 1e-3, `${current} of ${truth}`);
    assert.ok(ratio_range[0] <= explanation.ratio! && explanation.ratio! <= ratio_range[1]);
    assert.ok(expected_range[0] <= explanation.expected && explanation.expected <= expected_range[1]);
    assert.deepEqual([explanation.going_on, until], [undefined, event.window_end]);
  }
  assert.match(told[1]!.event.explanation.text, /^ctr of all was 4\.84% over 2026-03-05 00:00–00:30 UTC: 0\.48 times \(95%:/);
});

test('where nothing, or less, was expected there is no multiple of it: neither in the bell nor in a reminder', () => {
  const begins = 2 * DAY_WINDOWS;
  const jittered = (minute: number): number => ((minute * 7919) % 101) / 10;
  const cases = [
    [errors, 'events', () => 0, 100],
    [net, 'amounts', (minute: number) => jittered(minute) - 100, 50],
    [net, 'amounts', (minute: number) => jittered(minute) - 5.5, 200],
  ] as const;
  for (const [measure, adds, usual, after] of cases) {
    const detector = seasonal.create(seasonalConfig.parse({ up: '50%' }), contextOf(measure, adds));
    const told = play('seasonal', detector, measure, begins + 25, (minute) => ({
      amount: minute < begins ? usual(minute) : after,
      exposure: 1,
    }));
    assert.deepEqual(
      told.map(({ event }) => event.repeat),
      [0, 1, 2],
    );
    for (const { event } of told) {
      assert.equal(event.explanation.ratio, null);
      assert.match(event.explanation.text, /, where -?€?[\d.]+ was expected/);
      assert.doesNotMatch(event.explanation.text, /times|\d{10}/);
    }
  }
});

const grounds: Grounds = {
  logEvidence: 16,
  logThreshold: 14,
  oneIn: 7.4e6,
  sinceMs: START - 5 * MINUTE,
  observed: 1,
  expected: 2,
  expectedRange: [1.9, 2.1],
  ratio: 0.5,
  ratioRange: [0.45, 0.56],
  baselineAgeMs: 3e8,
  contributors: [],
};

function verdictOf(observed: number, changes: Partial<Verdict> = {}): Verdict {
  return { direction: 'down', status: 'firing', observed, expected: 2, threshold: 1, baselineWindows: 4_500, grounds, ...changes };
}

test('next to nothing was expected: no multiple of it, and no percentage', () => {
  const alerts = createAlerts({ repeatAfterMs: 10 * MINUTE, locale: 'en' });
  const rise = verdictOf(100, { direction: 'up', grounds: { ...grounds, observed: 100, expected: 1e-18, ratio: 1e20 } });
  const {
    message,
    explanation,
    deviation_percent: deviation,
    severity,
  } = alerts.judge(undefined, subjectOf('seasonal', errors, 'up'), rise, { ...timeOf(0), volume: 1 }).write();
  assert.deepEqual([explanation.ratio, deviation, message], [null, null, '📈 errors spike! all: 0.0 → 100']);
  assert.equal(severity, 'low', 'as its ratio range says');
});

test('an episode whose beginning a state of an earlier version does not tell is not told by its last window', () => {
  const alerts = createAlerts({ repeatAfterMs: 10 * MINUTE, locale: 'en' });
  const about = subjectOf('evidence', ctr, 'down');
  const at = (minute: number) => ({ ...timeOf(minute), volume: 1_000, parts: { amount: 9, exposure: 1_000 } });
  let state: AlertState | undefined;
  for (let minute = 0; minute < 15; minute++) state = alerts.judge(state, about, verdictOf(0.5), at(minute)).state;
  const { course: _, ...older } = state!;
  let step = alerts.judge(older, about, verdictOf(1.9), at(15));
  for (let minute = 16; step.change === undefined; minute++) step = alerts.judge(step.state, about, verdictOf(1.9), at(minute));
  const { current_value: current, explanation } = step.write();
  assert.deepEqual([current, explanation.ratio, explanation.going_on], [1, 0.5, undefined]);
});

test('the end of a new value that is heard of no more has no limit', () => {
  const alerts = createAlerts({ repeatAfterMs: 10 * MINUTE, locale: 'en' });
  const about = subjectOf('mix', errors, 'up');
  const { grounds: _grounds, ...unseen } = verdictOf(9, {
    direction: 'up',
    expected: 8,
    threshold: 8,
    baselineWindows: null,
    isUnseen: true,
  });
  const { state } = alerts.judge(undefined, about, unseen, { ...timeOf(0), volume: 1 });
  const { explanation } = alerts.lose(state!, about, timeOf(200)).write();
  assert.doesNotMatch(explanation.text, /limit/);
  assert.equal(explanation.unseen, true);
});
