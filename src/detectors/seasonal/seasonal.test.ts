/** The detector in the monitor: a shop's orders, a day's rhythm, a batch job at 03:00, and what breaks. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../../core/errors.ts';
import { createRandom } from '../../core/random.ts';
import type { MeasureSpec } from '../../windows/spec.ts';
import type { DetectorContext, Verdict } from '../detector.ts';
import { seasonalConfig } from './config.ts';
import { seasonal } from './seasonal.ts';

const STEP = 5 * 60_000;
const DAY = 288;
const START = Date.UTC(2026, 2, 2);
const revenue: MeasureSpec = { kind: 'sum', name: 'revenue', source: 'events', where: [], field: 'amount' };
const context: DetectorContext = {
  measure: revenue,
  window: { name: '5m', sizeMs: STEP, slideMs: STEP },
  budget: { falseAlarmsPerDay: 0.2, tests: 2 },
};

interface Rang {
  readonly at: number;
  readonly until: number;
  readonly verdict: Verdict;
  readonly lasted: boolean;
}

/** Alarms, by the index of the window in which they began and that in which they ended. */
function play(windows: number, value: (index: number) => number | null, settings: object, store = false): Rang[] {
  const detector = seasonal.create(seasonalConfig.parse(settings), context);
  let state: unknown;
  const rang: { at: number; until: number; verdict: Verdict; lasted: boolean }[] = [];
  for (let index = 0; index < windows; index++) {
    const seen = value(index);
    const time = { startMs: START + index * STEP, endMs: START + (index + 1) * STEP };
    const observation = { ...time, labels: {}, value: seen, volume: seen === null ? 0 : 100, absent: false };
    const [step] = detector.observeWindow([{ state, observation }], undefined).steps;
    state = step!.state;
    if (store && state !== undefined) state = detector.stateForm!.decode(detector.stateForm!.encode(state), detector.stateVersion);
    for (const verdict of step!.verdicts) {
      const on = rang.findLast((each) => each.verdict.direction === verdict.direction && each.until === Infinity);
      if (verdict.status === 'firing' && !on) rang.push({ at: index, until: Infinity, verdict, lasted: false });
      if (verdict.status === 'clear' && on) Object.assign(on, { until: index, lasted: verdict.isLasting === true });
    }
  }
  return rang;
}

/** Money has tails; a batch job books at 03:00 for ten minutes. */
function shop(seed = 1, job = 4_000): (index: number) => number {
  const random = createRandom(seed);
  const noise = Array.from({ length: 20 * DAY }, () => Math.exp(0.08 * random.normal()));
  return (index) => {
    const minute = (index % DAY) * 5;
    return (1_000 + 600 * Math.sin((2 * Math.PI * minute) / 1_440) + (minute >= 180 && minute < 190 ? job : 0)) * noise[index]!;
  };
}

test('a daily profile with a batch job at 03:00 is learnt, and a break rings: once, at once, with its grounds, until it is over', () => {
  const usual = shop();
  const [first, last] = [9 * DAY + 200, 9 * DAY + 224];
  const rang = play(10 * DAY, (i) => usual(i) * (i >= first && i < last ? 0.3 : 1), { down: '30%', up: '50%' });
  const late = rang.filter(({ at }) => at >= 5 * DAY);
  assert.equal(late.length, 1, JSON.stringify(late));
  const [{ at, until, verdict }] = late as [Rang];
  assert.ok(at >= first && at <= first + 2, `${at - first} windows after it began`);
  assert.ok(until > last && until <= last + 5, `${until - last} windows after it was over`);
  const { grounds, direction, observed, expected, threshold } = verdict;
  assert.equal(direction, 'down');
  assert.ok(observed < threshold && threshold < expected);
  assert.ok(grounds && grounds.logEvidence >= grounds.logThreshold && grounds.ratio < 0.5);
  assert.ok(grounds.expectedRange[0] > observed && grounds.oneIn > 1_000);
  assert.deepEqual(
    rang.filter(({ at: when }) => when >= 3 * DAY && when % DAY >= 34 && when % DAY <= 40),
    [],
    'the job is no news from the fourth day on',
  );
});

test('a job that does not come is news', () => {
  const usual = shop(2);
  const missed = 9 * DAY + 36;
  const rang = play(9 * DAY + 100, (i) => usual(i >= missed && i < missed + 2 ? i + 3 : i), { down: '30%' });
  assert.ok(
    rang.some(({ at }) => at === missed),
    JSON.stringify(rang.map(({ at }) => at)),
  );
});

test('a lasting step is told once; neither the taking of the new level nor the way back rings', () => {
  const usual = shop(3, 0);
  const step = 6 * DAY + 150;
  const rang = play(8 * DAY, (i) => usual(i) * (i >= step ? 0.4 : 1), { down: '30%', up: '50%' });
  const after = rang.filter(({ at }) => at >= step);
  assert.deepEqual(
    after.map(({ verdict }) => verdict.direction),
    ['down'],
  );
  assert.ok(after[0]!.until < Infinity && after[0]!.lasted);
  const back = play(8 * DAY, (i) => usual(i) * (i >= step && i < step + 60 ? 0.4 : 1), { down: '30%', up: '50%' });
  assert.deepEqual(
    back.filter(({ at }) => at >= step).map(({ verdict, lasted }) => [verdict.direction, lasted]),
    [['down', false]],
  );
});

test('the way back from what had become how things are rings nothing, if it comes soon', () => {
  const broken = 6 * DAY + 150;
  const [lasting, back] = [broken + 120, broken + 150];
  let lasted = 0;
  for (let seed = 11; seed < 17; seed++) {
    const usual = shop(seed, 0);
    const rang = play(back + 25, (i) => usual(i) * (i >= broken && i < back ? 0.05 : 1), { down: '30%', up: '50%' });
    lasted += rang.filter((each) => each.at >= broken && each.until >= lasting && each.until < back && each.lasted).length;
    assert.deepEqual(
      rang.filter(({ at }) => at >= back),
      [],
      `seed ${seed}`,
    );
  }
  assert.equal(lasted, 6);
});

test('a departure smaller than asked for rings nothing, however unusual, and does not drown the one that is', () => {
  const usual = shop(4);
  const [small, large] = [7 * DAY + 150, 7 * DAY + 170];
  const world = (i: number): number => usual(i) * (i >= large ? 0.2 : i >= small ? 0.62 : 1);
  const rang = play(7 * DAY + 200, world, { down: '60%' }).filter(({ at }) => at >= small);
  assert.ok(rang.length === 1 && rang[0]!.at >= large && rang[0]!.at <= large + 2, JSON.stringify(rang));
});

test('windows without a value are no news, and a stored state goes on as if nothing had been stored', () => {
  const usual = shop(5, 0);
  const world = (i: number): number | null => (i % 50 < 3 ? null : usual(i) * (i >= 3 * DAY + 100 ? 3 : 1));
  const plain = play(3 * DAY + 120, world, { up: '50%' });
  assert.deepEqual(play(3 * DAY + 120, world, { up: '50%' }, true), plain);
  assert.ok(plain.some(({ at }) => at >= 3 * DAY + 100 && at <= 3 * DAY + 105));
});

test('chance rings about as often as the budget allows, of a direction alone as of both', () => {
  for (const settings of [{ down: '5%' }, { down: '5%', up: '5%' }]) {
    const counts = [6, 7, 8].map((seed) => play(20 * DAY, shop(seed), settings).filter(({ at }) => at >= 4 * DAY).length);
    // 48 days at 0.1 a day and direction.
    const most = 'up' in settings ? 20 : 12;
    assert.ok(counts.reduce((sum, each) => sum + each) <= most, String(counts));
  }
});

test('the state of a series that has seen a fortnight of minutes stays below its stated size', () => {
  const window = { name: '1m', sizeMs: 60_000, slideMs: 60_000 };
  const detector = seasonal.create(seasonalConfig.parse({ up: '50%' }), { ...context, window });
  const random = createRandom(9);
  let state: unknown;
  for (let i = 0; i < 14 * 1_440; i++) {
    const time = { startMs: START + i * 60_000, endMs: START + (i + 1) * 60_000 };
    const observation = { ...time, labels: {}, value: 500 + 50 * random.normal(), volume: 1, absent: false };
    state = detector.observeWindow([{ state, observation }], undefined).steps[0]!.state;
  }
  assert.ok(detector.stateForm!.encode(state).length <= 24_576);
  assert.equal(detector.stateForm!.decode(Buffer.from('no state'), detector.stateVersion), undefined);
  assert.equal(detector.stateForm!.decode(detector.stateForm!.encode(state), 99), undefined);
});

/** Alarms of a week of nothing but noise by the minute, of which the first two hours have `every` which value; and what is known at the end. */
function playMinutes(every: number): { alarms: number; bytes: Uint8Array } {
  const budget = { falseAlarmsPerDay: 4, tests: 2 };
  const window = { name: '1m', sizeMs: 60_000, slideMs: 60_000 };
  const detector = seasonal.create(seasonalConfig.parse({ down: '1%', up: '1%' }), { ...context, window, budget });
  const random = createRandom(18);
  let state: unknown;
  let alarms = 0;
  let isOn = false;
  for (let i = 0; i < 7 * 1_440; i++) {
    const time = { startMs: START + i * 60_000, endMs: START + (i + 1) * 60_000 };
    const drawn = 500 + 50 * random.normal();
    const value = i < 120 && i % every > 0 ? null : drawn;
    const observation = { ...time, labels: {}, value, volume: 1, absent: false };
    const [step] = detector.observeWindow([{ state, observation }], undefined).steps;
    state = step!.state;
    if (value === null) continue;
    const now = step!.verdicts.some(({ status }) => status === 'firing');
    if (now && !isOn) alarms++;
    isOn = now;
  }
  return { alarms, bytes: Uint8Array.from(detector.stateForm!.encode(state)) };
}

test('a series that has few values at first is judged by its windows, as one that has all of them', () => {
  const [dense, sparse] = [playMinutes(1).alarms, playMinutes(10).alarms];
  assert.ok(sparse <= 2 * dense + 5, `${sparse} alarms, ${dense} of the dense one`);
});

test('what was learnt in steps that are no windows is begun anew', () => {
  const detector = seasonal.create(seasonalConfig.parse({ up: '50%' }), context);
  const { bytes } = playMinutes(1);
  assert.equal(detector.stateForm!.decode(bytes, detector.stateVersion), undefined);
});

test('what it cannot judge is refused', () => {
  const config = seasonalConfig.parse({ up: '50%' });
  const hopping = { name: '5m/1m', sizeMs: STEP, slideMs: 60_000 };
  assert.throws(() => seasonal.create(config, { ...context, window: hopping }), AppError);
  const heavy = { kind: 'heavy_hitters', name: 'users', source: 'events', where: [], field: 'user', keep: 8 } as const;
  assert.throws(() => seasonal.create(config, { ...context, measure: heavy }), AppError);
  assert.equal(seasonalConfig.safeParse({}).success, false);
});

test('where more money is paid back than comes in, the grounds say so', () => {
  const usual = shop();
  const first = 9 * DAY + 200;
  const rang = play(first + 1, (i) => (i === first ? -2 * usual(i) : usual(i)), { down: '30%' });
  const { grounds } = rang.find(({ at }) => at === first)!.verdict;
  assert.ok(grounds && grounds.observed < 0 && grounds.expected > 0);
  const [low, high] = grounds.ratioRange;
  assert.ok(Math.abs(grounds.ratio - grounds.observed / grounds.expected) < 1e-9, String(grounds.ratio));
  assert.ok(low < grounds.ratio && grounds.ratio < high && high < 0, JSON.stringify(grounds.ratioRange));
});
