import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom } from '../../core/random.ts';
import type { MeasureSpec } from '../../windows/spec.ts';
import type { Direction, Grounds } from '../detector.ts';
import { change } from './change.ts';
import { changeConfig } from './config.ts';

const QUARTER = 15 * 60_000;
const DAY = 96;
const count: MeasureSpec = { kind: 'count', name: 'orders', source: 'events', where: [] };
const sum: MeasureSpec = { kind: 'sum', name: 'revenue', source: 'events', field: 'amount', where: [] };
const ratio: MeasureSpec = { kind: 'ratio', name: 'ctr', numerator: 'clicks', denominator: 'impressions', scale: 100 };
const window = { name: '15m', sizeMs: QUARTER, slideMs: QUARTER };

type Counted = readonly [amount: number, exposure: number];

/** Quarters of an hour in which alarms began; of those that are undefined nobody tells. */
function play(
  quarters: number,
  at: (quarter: number) => Counted | undefined,
  settings: object,
  measure = count,
  falseAlarmsPerDay = 1,
  offsetMs = 0,
  told: Grounds[] = [],
) {
  const budget = { falseAlarmsPerDay, tests: 2 };
  const detector = change.create(changeConfig.parse(settings), {
    measure,
    window: { ...window, offsetMs },
    budget,
    adds: measure.kind === 'sum' ? 'amounts' : 'events',
  });
  let state: unknown;
  const on = new Set<Direction>();
  const began: [quarter: number, direction: Direction, lasted?: boolean][] = [];
  for (let quarter = 0; quarter < quarters; quarter++) {
    const counted = at(quarter);
    if (!counted) continue;
    const [amount, exposure] = counted;
    const time = { startMs: quarter * QUARTER + offsetMs, endMs: (quarter + 1) * QUARTER + offsetMs };
    const observation = { ...time, labels: {}, value: amount / exposure, volume: exposure, absent: false, parts: { amount, exposure } };
    const [step] = detector.observeWindow([{ state, observation }], undefined).steps;
    state = step!.state;
    for (const { direction, status, grounds, isLasting = false } of step!.verdicts) {
      if (grounds) told.push(grounds);
      if (status === 'firing' && !on.has(direction)) {
        began.push([quarter, direction]);
        assert.ok(grounds!.logEvidence >= grounds!.logThreshold);
        assert.ok(direction === 'down' ? grounds!.ratio < 1 : grounds!.ratio > 1);
      }
      if (status === 'firing') on.add(direction);
      else if (on.delete(direction)) began.findLast((each) => each[1] === direction)![2] = isLasting;
    }
  }
  return began;
}

const daily = (quarter: number): number => 200 * (1 + 0.9 * Math.sin((2 * Math.PI * (quarter % DAY)) / DAY));

test('a steep day rings nothing, a fall against yesterday does, once', () => {
  const random = createRandom(1);
  const fall = (quarter: number): number => (quarter >= 5 * DAY + 20 && quarter < 5 * DAY + 40 ? 0.4 : 1);
  const began = play(10 * DAY, (quarter) => [random.poisson(daily(quarter) * fall(quarter)), 1], { down: '30%', up: '50%' });
  assert.equal(began.length, 1, JSON.stringify(began));
  assert.deepEqual(began[0]!.slice(1), ['down', false]);
  assert.ok(began[0]![0] >= 5 * DAY + 20 && began[0]![0] <= 5 * DAY + 23, `${began[0]![0] - 5 * DAY}`);
});

test('a fall near the smallest worth a bell rings once, for as long as it lasts', () => {
  const random = createRandom(8);
  const fall = (quarter: number): number => (quarter >= 30 * DAY && quarter < 30 * DAY + 60 ? 0.91 : 1);
  const began = play(31 * DAY, (quarter) => [random.poisson(20_000 * fall(quarter)), 1], { down: '10%' });
  assert.equal(began.length, 1, JSON.stringify(began));
});

test('windows that begin at an offset are compared like any others', () => {
  const fell = (offsetMs: number) => {
    const random = createRandom(1);
    const fall = (quarter: number): number => (quarter >= 5 * DAY + 20 && quarter < 5 * DAY + 40 ? 0.4 : 1);
    const at = (quarter: number): Counted => [random.poisson(daily(quarter) * fall(quarter)), 1];
    return play(10 * DAY, at, { down: '30%', up: '50%', span: '1h' }, count, 1, offsetMs);
  };
  assert.equal(fell(0).length, 1);
  for (const minutes of [5, 30 * 60, 15 * 60]) assert.deepEqual(fell(minutes * 60_000), fell(0));
});

test('the promise holds where days differ by more than counting explains', () => {
  let alarms = 0;
  const days = 40;
  for (let series = 0; series < 12; series++) {
    const random = createRandom(2, series);
    const sizes = Array.from({ length: days + 1 }, () => Math.exp(0.25 * random.normal()));
    alarms += play(days * DAY, (quarter) => [random.poisson(daily(quarter) * sizes[Math.floor(quarter / DAY)]!), 1], {
      down: '30%',
      up: '50%',
    }).length;
  }
  // Each series has a budget of its own here: 480.
  assert.ok(alarms <= 480, `${alarms} alarms in 480 days`);
});

test('without a change a budget of 20 a day is kept, and used', () => {
  let alarms = 0;
  for (let series = 0; series < 8; series++) {
    const random = createRandom(3, series);
    alarms += play(30 * DAY, () => [random.poisson(60), 1], { down: '10%', up: '10%' }, count, 20).length;
  }
  assert.ok(alarms <= 8 * 30 * 20, `${alarms} alarms in 240 days`);
});

test('a ratio is held against its ratio, whatever its exposure', () => {
  const random = createRandom(4);
  const exposure = (quarter: number): number => Math.round(daily(quarter) * (quarter % (2 * DAY) < DAY ? 20 : 60) + 400);
  const rise = (quarter: number): number => (quarter >= 6 * DAY && quarter < 6 * DAY + 30 ? 1.6 : 1);
  const at = (quarter: number): Counted => [random.poisson(exposure(quarter) * 0.05 * rise(quarter)), exposure(quarter)];
  const began = play(9 * DAY, at, { up: '30%', down: '30%' }, ratio);
  assert.deepEqual(
    began.map(([, direction]) => direction),
    ['up'],
  );
  assert.ok(began[0]![0] >= 6 * DAY && began[0]![0] < 6 * DAY + 8, `${began[0]![0] - 6 * DAY}`);
});

test('a lasting change is told, and after a day is how it is', () => {
  const random = createRandom(5);
  const began = play(12 * DAY, (quarter) => [random.poisson(quarter >= 5 * DAY ? 100 : 300), 1], { down: '30%', up: '50%' });
  assert.equal(began.length, 1, JSON.stringify(began));
  assert.equal(began[0]![2], true);
});

test('what went wrong is no yesterday, also where it had none to be held against', () => {
  const random = createRandom(10);
  const within = (quarter: number, day: number, from: number, to: number): boolean =>
    quarter >= day * DAY + from && quarter < day * DAY + to;
  const at = (quarter: number): Counted | undefined =>
    within(quarter, 4, 25, 35) ? undefined : [random.poisson(within(quarter, 5, 20, 40) ? 100 : 300), 1];
  const began = play(8 * DAY, at, { down: '30%', up: '50%' });
  assert.deepEqual(
    began.map(([quarter, direction]) => [Math.floor(quarter / DAY), direction]),
    [[5, 'down']],
  );
});

test('against last week, a weekend is no change', () => {
  const random = createRandom(6);
  const week = (quarter: number): number => (Math.floor(quarter / DAY) % 7 >= 5 ? 0.3 : 1);
  const settings = { against: '7d', span: '1h', down: '30%', up: '50%' };
  assert.deepEqual(
    play(28 * DAY, (quarter) => [random.poisson(daily(quarter) * week(quarter)), 1], settings),
    [],
  );
});

test('what is paid back is taken off within a span, and a span of less than nothing is one of nothing', () => {
  const settings = { span: '1h', down: '30%', up: '50%' };
  /** Every second quarter pays back. */
  const paid = (back: (quarter: number) => number) => {
    const random = createRandom(7);
    return (quarter: number): Counted => [(quarter % 2 === 0 ? 300 : -back(quarter)) + 5 * random.normal(), 1];
  };
  const isMore = (quarter: number): boolean => quarter >= 5 * DAY && quarter < 5 * DAY + 40;
  const began = play(
    8 * DAY,
    paid((quarter) => (isMore(quarter) ? 250 : 100)),
    settings,
    sum,
  );
  assert.deepEqual(
    began.map(([, direction]) => direction),
    ['down'],
  );
  assert.ok(isMore(began[0]![0]), `${began[0]![0] - 5 * DAY}`);
  assert.deepEqual(
    play(
      8 * DAY,
      paid(() => 400),
      settings,
      sum,
    ),
    [],
  );
});

test('amounts are held against yesterday alike in every unit, and an alarm on them is as sure and ends alike', () => {
  const inUnit = (unit: number, told: Grounds[] = []) => {
    const random = createRandom(8);
    const fall = (quarter: number): number => (quarter >= 5 * DAY + 20 && quarter < 5 * DAY + 60 ? 0.4 : 1);
    const at = (quarter: number): Counted => [(daily(quarter) * fall(quarter) * Math.exp(0.1 * random.normal())) / unit, 1];
    return play(8 * DAY, at, { down: '30%', up: '50%' }, sum, 1, 0, told);
  };
  const sureIn = (unit: number): string[] => {
    const told: Grounds[] = [];
    inUnit(unit, told);
    return told.map(({ ratioRange, expectedRange }) =>
      [...ratioRange, ...expectedRange.map((amount) => amount * unit)].map((value) => value.toPrecision(3)).join(' '),
    );
  };
  assert.deepEqual(
    inUnit(1).map(([, direction, lasted]) => [direction, lasted]),
    [['down', false]],
  );
  for (const unit of [1e5, 1e-5]) {
    assert.deepEqual(inUnit(unit), inUnit(1), `${unit}`);
    assert.deepEqual(sureIn(unit), sureIn(1), `${unit}`);
  }
});

test('an alarm that lasts over a night that nobody told of is told of one window of those that there were', () => {
  const detector = change.create(changeConfig.parse({ down: '30%' }), { measure: count, window });
  const random = createRandom(9);
  let state: unknown;
  const told: Grounds[] = [];
  for (let quarter = 0; quarter < 5 * DAY + 40; quarter++) {
    // From seven to eleven; from nine in the evening of the fifth day on, a third is left.
    if (quarter % DAY < 28 || quarter % DAY >= 92) continue;
    const amount = random.poisson(quarter >= 4 * DAY + 84 ? 100 : 300);
    const time = { startMs: quarter * QUARTER, endMs: (quarter + 1) * QUARTER };
    const observation = { ...time, labels: {}, value: amount, volume: amount, absent: false, parts: { amount, exposure: 1 } };
    const [step] = detector.observeWindow([{ state, observation }], undefined).steps;
    state = step!.state;
    for (const { grounds } of step!.verdicts) if (grounds) told.push(grounds);
  }
  // All of the evening and of the morning.
  assert.ok(told.length >= 18, `${told.length}`);
  for (const { observed, expected } of told) {
    assert.ok(observed > 60 && observed < 140, `${observed} came`);
    assert.ok(expected > 250 && expected < 350, `${expected} would have come`);
  }
});

test('amounts of mixed signs are told as what is left of them', () => {
  const detector = change.create(changeConfig.parse({ span: '1h', down: '30%' }), { measure: sum, window, adds: 'amounts' });
  let state: unknown;
  let told: unknown;
  for (let quarter = 0; quarter < DAY + 4; quarter++) {
    const amount = (quarter % 2 === 0 ? 300 : -100) + (quarter >= DAY ? 20 : 0);
    const time = { startMs: quarter * QUARTER, endMs: (quarter + 1) * QUARTER };
    const observation = { ...time, labels: {}, value: amount, volume: 1, absent: false, parts: { amount, exposure: 1 } };
    const [step] = detector.observeWindow([{ state, observation }], undefined).steps;
    state = step!.state;
    for (const { observed, expected } of step!.verdicts) told = { observed, expected };
  }
  assert.deepEqual(told, { observed: 120, expected: 100 });
});

test('settings that do not suit are refused with what would', () => {
  const make =
    (settings: object, over: object = {}) =>
    () =>
      change.create(changeConfig.parse({ down: '30%', ...settings }), { measure: count, window, ...over });
  assert.throws(make({ span: '7m' }), /spans of 7 minutes.*15m/);
  assert.throws(make({ against: '7d', span: '15m' }), /672 spans in 7d.*at most 300/);
  assert.throws(make({}, { measure: { ...ratio, kind: 'average' } }), /change for a measure of kind average/);
  assert.throws(make({}, { window: { name: '5m/1m', sizeMs: 300_000, slideMs: 60_000 } }), /hopping window/);
  assert.equal(changeConfig.safeParse({}).success, false);
});
