import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom } from '../../core/random.ts';
import type { MeasureSpec } from '../../windows/spec.ts';
import type { Detector, DetectorContext, Grounds } from '../detector.ts';
import { absence } from './absence.ts';
import { absenceConfig } from './config.ts';
import { newHours, withSilence, withWindow } from './hours.ts';

const MINUTE = 60_000;
const HOUR = 60;
const DAY = 24 * HOUR;
const measure: MeasureSpec = { kind: 'count', name: 'orders', source: 'events', where: [] };
const window = { name: '1m', sizeMs: MINUTE, slideMs: MINUTE };

/** Minutes at which alarms began and ended. */
function play(minutes: number, amount: (minute: number) => number, settings: object = {}, needs = { falseAlarmsPerDay: 1, tests: 1 }) {
  const detector = absence.create(absenceConfig.parse(settings), { measure, window, budget: needs });
  let state: unknown;
  let isOn = false;
  const began: number[] = [];
  const ended: number[] = [];
  for (let minute = 0; minute < minutes; minute++) {
    const value = amount(minute);
    const at = { startMs: minute * MINUTE, endMs: (minute + 1) * MINUTE };
    const observation = { ...at, labels: {}, value, volume: value, absent: value === 0, parts: { amount: value, exposure: 1 } };
    const [step] = detector.observeWindow([{ state, observation }], undefined).steps;
    state = step!.state;
    const [verdict] = step!.verdicts;
    const now = verdict?.status === 'firing';
    if (now && !isOn) {
      began.push(minute);
      assert.ok(verdict.grounds!.logEvidence >= verdict.grounds!.logThreshold);
      assert.ok(verdict.expected > 0);
    }
    if (!now && isOn) ended.push(minute);
    isOn = now;
  }
  return { began, ended };
}

test('a busy series that falls silent rings when the time is up, and ends with the first event', () => {
  const random = createRandom(1);
  const { began, ended } = play(2 * DAY, (minute) => (minute >= 2_000 && minute < 2_100 ? 0 : 1 + random.poisson(20)));
  assert.deepEqual([began, ended], [[2_009], [2_100]]);
});

test('a series that sleeps at night does not ring at night', () => {
  const random = createRandom(2);
  const sleeps = (minute: number): boolean => minute % DAY < 7 * HOUR || minute % DAY >= 22 * HOUR;
  const { began } = play(10 * DAY, (minute) => (sleeps(minute) ? 0 : 1 + random.poisson(5)));
  assert.deepEqual(began, []);
});

test('bedtime within the hour is learnt when it rang twice', () => {
  const random = createRandom(3);
  const jitter = Array.from({ length: 12 }, () => random.below(20));
  const sleeps = (minute: number): boolean => {
    const day = Math.floor(minute / DAY);
    return minute % DAY < 7 * HOUR + jitter[day]! || minute % DAY >= 21 * HOUR + 25 + jitter[day + 1]!;
  };
  const { began } = play(10 * DAY, (minute) => (sleeps(minute) ? 0 : 1 + random.poisson(5)));
  assert.ok(began.length <= 2, `rang on ${began.map((minute) => (minute / DAY).toFixed(2)).join(', ')}`);
  assert.ok(began.every((minute) => minute < 3 * DAY));
});

test('a day of the week that is closed is learnt when it rang twice, by hours of the day too', () => {
  const random = createRandom(7);
  const isOpen = (minute: number): boolean =>
    Math.floor(minute / DAY) % 7 !== 6 && minute % DAY >= 9 * HOUR && minute % DAY < 18 * HOUR + 20;
  const { began } = play(42 * DAY, (minute) => (isOpen(minute) ? 1 + random.poisson(5) : 0));
  // The first evenings ring, as they are new too.
  const later = began.filter((minute) => minute >= 4 * DAY);
  assert.deepEqual(
    later.map((minute) => Math.floor(minute / DAY)),
    [6, 13],
  );
});

test('a weekend that is newly closed rings twice with habits: week', () => {
  const random = createRandom(8);
  const week = 7 * DAY;
  const isClosed = (minute: number): boolean =>
    minute >= 33 * DAY && (minute % week >= 5 * DAY + 18 * HOUR + 20 || minute % week < 9 * HOUR);
  const { began } = play(11 * week, (minute) => (isClosed(minute) ? 0 : 1 + random.poisson(5)), { habits: 'week' });
  assert.deepEqual(
    began.map((minute) => Math.floor(minute / week)),
    [4, 5],
  );
});

test('bedtime at one side of the full hour or the other is one habit', () => {
  const random = createRandom(9);
  const bedtime = (day: number): number => (day < 5 ? DAY : 18 * HOUR + (day % 2 === 0 ? 2 : -2));
  const sleeps = (minute: number): boolean =>
    minute % DAY >= bedtime(Math.floor(minute / DAY)) || (minute >= 6 * DAY && minute % DAY < 6 * HOUR);
  const { began } = play(12 * DAY, (minute) => (sleeps(minute) ? 0 : 1 + random.poisson(5)));
  assert.deepEqual(
    began.map((minute) => Math.floor(minute / DAY)),
    [5, 6],
  );
});

test('a day that is not closed any more is forgotten within weeks: silent then, it rings', () => {
  const random = createRandom(10);
  const sunday = (minute: number): boolean => Math.floor(minute / DAY) % 7 === 6;
  const isOpen = (minute: number): boolean =>
    minute % DAY >= 9 * HOUR && minute % DAY < 18 * HOUR + 20 && (!sunday(minute) || (minute >= 21 * DAY && minute < 76 * DAY));
  const { began } = play(77 * DAY, (minute) => (isOpen(minute) ? 1 + random.poisson(5) : 0));
  assert.equal(Math.floor(began.at(-1)! / DAY), 76);
});

test('lengths of silences that were written before it was counted how long they stayed away are read', () => {
  const hours = { ...newHours(24), longest: newHours(24).longest.with(18, HOUR * MINUTE) };
  const { sinceLongest: _, ...older } = hours;
  const seen = { amount: 1, isVisit: true, isEmpty: false };
  assert.deepEqual(withWindow(older, 18, seen), withWindow(hours, 18, seen));
  assert.deepEqual(withSilence(older, 18, MINUTE, false), withSilence(hours, 18, MINUTE, false));
});

test('but by day it rings, also for a series that sleeps at night', () => {
  const random = createRandom(4);
  const isSilent = (minute: number): boolean =>
    minute % DAY < 7 * HOUR || minute % DAY >= 22 * HOUR || (minute >= 5 * DAY + 12 * HOUR && minute < 5 * DAY + 13 * HOUR);
  const { began } = play(7 * DAY, (minute) => (isSilent(minute) ? 0 : 1 + random.poisson(5)));
  assert.deepEqual(began, [5 * DAY + 12 * HOUR + 9]);
});

test('a batch every half hour is not silent in between; when it stays away, it is', () => {
  const { began } = play(4 * DAY, (minute) => (minute % 30 === 0 && minute < 3 * DAY + 500 ? 1_000 : 0));
  assert.equal(began.length, 1);
  assert.ok(began[0]! > 3 * DAY + 500 + 30 && began[0]! < 3 * DAY + 500 + 300, `${began[0]}`);
});

test('silence of a series that is rarely heard of says nothing for long', () => {
  const random = createRandom(5);
  let alarms = 0;
  for (let series = 0; series < 20; series++) {
    const rate = 0.02 * 2 ** (series % 6);
    alarms += play(14 * DAY, () => random.poisson(rate)).began.length;
  }
  // One a day and series is what the budget of each alone allows: 280.
  assert.ok(alarms <= 28, `${alarms} alarms in 280 days`);
});

test('a weekday of its own is learnt with habits: week', () => {
  const random = createRandom(6);
  const amount = (minute: number): number => (Math.floor(minute / DAY) % 7 >= 5 ? 0 : 1 + random.poisson(5));
  const byWeek = play(28 * DAY, amount, { habits: 'week' }).began;
  assert.ok(byWeek.length <= 1, byWeek.join(', '));
});

test('an hour is known after three days, with habits: week after a week, however long windows are', () => {
  for (const minutes of [5, 10, 15, 30, 60, 120]) {
    for (const [habits, known, unknown] of [
      ['day', 3 * DAY, minutes < 10 ? 0 : DAY],
      ['week', 7 * DAY, 6 * DAY],
    ] as const) {
      const sizeMs = minutes * MINUTE;
      /** Whether a silence from noon on rings, that comes after so many minutes. */
      const rings = (after: number): boolean => {
        const context = { measure, window: { name: 'w', sizeMs, slideMs: sizeMs }, budget: { falseAlarmsPerDay: 100, tests: 1 } };
        const detector = absence.create(absenceConfig.parse({ habits }), context);
        let state: unknown;
        let isFiring = false;
        for (let minute = 0; minute < after + DAY; minute += minutes) {
          const value = minute < after + 12 * HOUR ? 20 : 0;
          const observation = {
            startMs: minute * MINUTE,
            endMs: minute * MINUTE + sizeMs,
            labels: {},
            value,
            volume: value,
            absent: value === 0,
          };
          const [step] = detector.observeWindow([{ state, observation }], undefined).steps;
          state = step!.state;
          isFiring = step!.verdicts[0]!.status === 'firing';
        }
        return isFiring;
      };
      assert.ok(rings(known), `${habits}, ${minutes} minutes: known`);
      if (unknown > 0) assert.ok(!rings(unknown), `${habits}, ${minutes} minutes: unknown`);
    }
  }
});

/** What is told of two hours of silence after two days of ten a minute. */
function groundsOfSilence(context: DetectorContext, amount: number): Grounds {
  const detector = absence.create(absenceConfig.parse({}), context);
  const { sizeMs, slideMs } = context.window;
  let state: unknown;
  let told: Grounds | undefined;
  for (let startMs = 0; startMs + sizeMs <= (2 * DAY + 2 * HOUR) * MINUTE; startMs += slideMs) {
    const minutes = Math.max(0, Math.min(sizeMs / MINUTE, 2 * DAY - startMs / MINUTE));
    const value = minutes * amount;
    const observation = { startMs, endMs: startMs + sizeMs, labels: {}, value, volume: minutes * 10, absent: minutes === 0 };
    const [step] = detector.observeWindow([{ state, observation }], undefined).steps;
    state = step!.state;
    told = step!.verdicts[0]?.grounds;
  }
  return told!;
}

test('how sure a silence is does not depend on the unit of what is missing', () => {
  const sum: MeasureSpec = { kind: 'sum', name: 'revenue', source: 'events', field: 'amount', where: [] };
  const inUnit = (unit: number): Grounds => groundsOfSilence({ measure: sum, window, adds: 'amounts' }, 30 / unit);
  const { ratioRange, expectedRange } = inUnit(1);
  assert.ok(ratioRange[1] > 0.01 && ratioRange[1] < 0.05, 'of 120 windows');
  for (const unit of [1e5, 1e-5]) {
    const other = inUnit(unit);
    assert.deepEqual(other.ratioRange, ratioRange, `${unit}`);
    other.expectedRange.forEach((amount, at) => assert.ok(Math.abs((amount * unit) / expectedRange[at]! - 1) < 1e-3, `${amount * unit}`));
  }
});

test('of windows that overlap those are passed as unknown that begin before the instant, and the next one is the first again', () => {
  const hopping = { name: '5m/1m', sizeMs: 5 * MINUTE, slideMs: MINUTE };
  const detector = absence.create(absenceConfig.parse({}), { measure, window: hopping });
  const endOf = (state: unknown): unknown => (state as { end: number }).end;
  const observation = { startMs: 0, endMs: 5 * MINUTE, labels: {}, value: 3, volume: 3, absent: false };
  const { state } = detector.observeWindow([{ state: undefined, observation }], undefined).steps[0]!;
  const passed = (before: number): unknown => endOf(detector.passUnknown!(state, before));
  // The next window begins at minute 1 and ends at minute 6.
  assert.deepEqual(
    [-Infinity, MINUTE, MINUTE + 1, 2 * MINUTE, 10 * MINUTE].map((before) => passed(before)),
    [5 * MINUTE, 5 * MINUTE, 6 * MINUTE, 6 * MINUTE, 14 * MINUTE],
  );
});

test('an event that five windows share is missing once', () => {
  const [once, shared] = [window, { name: '5m/1m', sizeMs: 5 * MINUTE, slideMs: MINUTE }].map((one) =>
    groundsOfSilence({ measure, window: one }, 10),
  ) as [Grounds, Grounds];
  assert.ok(Math.abs(shared.ratioRange[1] / once.ratioRange[1] - 1) < 0.05, `${shared.ratioRange[1]} and ${once.ratioRange[1]}`);
});

test('hours of a day that were written without their habits are not read as those of a week', () => {
  const make = (settings: object): Detector => absence.create(absenceConfig.parse(settings), { measure, window });
  const [byDay, byWeek] = [make({}), make({ habits: 'week' })];
  const edited = 6 * DAY;
  const silent = 23 * DAY + 12 * HOUR;
  let state: unknown;
  const firing: number[] = [];
  for (let minute = 0; minute < silent + 20; minute++) {
    const value = minute < silent ? 9 : 0;
    const at = { startMs: minute * MINUTE, endMs: (minute + 1) * MINUTE, labels: {} };
    const observation = { ...at, value, volume: value, absent: value === 0 };
    const [step] = (minute < edited ? byDay : byWeek).observeWindow([{ state, observation }], undefined).steps;
    state = step!.state;
    if (step!.verdicts[0]!.status === 'firing') firing.push(minute);
  }
  assert.equal(firing[0], silent + 9);
  const { hours } = state as { hours: Readonly<Record<string, readonly number[]>> };
  for (const [name, ring] of Object.entries(hours)) assert.ok(ring.length === 168 && ring.every(Number.isFinite), name);
});

test('what has no amount is refused', () => {
  const average: MeasureSpec = { kind: 'average', name: 'latency', source: 'events', where: [], field: 'ms' };
  assert.throws(
    () => absence.create(absenceConfig.parse({}), { measure: average, window }),
    /absence for a measure of kind average.*a count/,
  );
});

test('a series has to be remembered for longer than it has to be silent', () => {
  const isGood = (settings: object): boolean => absenceConfig.safeParse(settings).success;
  assert.deepEqual(
    [{ for: '8d' }, { for: '7d' }, { forget_after: '10m' }].map((settings) => isGood(settings)),
    [false, false, false],
  );
  assert.deepEqual(
    [{ for: '6d' }, { for: '8d', forget_after: '9d' }, { forget_after: '11m' }].map((settings) => isGood(settings)),
    [true, true, true],
  );
  assert.match(absenceConfig.safeParse({ for: '8d' }).error!.message, /found for: 8d with forget_after: 7d.*expected for: less than 7d/);
});
