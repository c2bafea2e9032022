import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../../test/support/fast-check.ts';
import { createRandom, type Random } from '../../core/random.ts';
import type { MeasureSpec } from '../../windows/spec.ts';
import type { Budget, Direction, SeriesInput, Verdict } from '../detector.ts';
import { expectedRateConfig } from './config.ts';
import { expectedRate } from './expected-rate.ts';
import { parseRate } from './rate-text.ts';
import { tiltsOf, weigh } from './tilts.ts';

const MINUTE = 60_000;
const DAY_MINUTES = 1_440;
const measure: MeasureSpec = { kind: 'ratio', name: 'drop_rate', numerator: 'drops', denominator: 'draws', scale: 100, unit: '%' };
const window = { name: '1m', sizeMs: MINUTE, slideMs: MINUTE };

interface Item {
  readonly designed: string;
  readonly draws: number;
  /** Probability of a success in a minute. */
  real(minute: number): number;
}

interface Rung {
  readonly item: number;
  readonly minute: number;
  readonly direction: Direction;
  readonly verdict: Verdict;
}

/** Beginnings of alarms, over so many minutes; `ends`: minutes in which one was over; `firing`: how many alarms were on, summed over the minutes. */
function play(items: readonly Item[], minutes: number, random: Random, budget: Budget, settings: object = { rate_in: 'designed' }) {
  const detector = expectedRate.create(expectedRateConfig.parse(settings), { measure, window, budget });
  const states: unknown[] = items.map(() => undefined);
  const firing = new Set<string>();
  const began: Rung[] = [];
  const ends: number[] = [];
  let on = 0;
  for (let minute = 0; minute < minutes; minute++) {
    const inputs = items.map(({ designed, draws, real }, item): SeriesInput<unknown> => {
      const amount = binomial(random, draws, real(minute));
      const value = (100 * amount) / draws;
      const at = { startMs: minute * MINUTE, endMs: (minute + 1) * MINUTE };
      return {
        state: states[item],
        observation: {
          ...at,
          labels: { item: String(item), designed },
          value,
          volume: draws,
          absent: false,
          parts: { amount, exposure: draws },
        },
      };
    });
    detector.observeWindow(inputs, undefined).steps.forEach(({ state, verdicts }, item) => {
      states[item] = state;
      for (const verdict of verdicts) {
        const key = `${item} ${verdict.direction}`;
        if (verdict.status === 'firing' && !firing.has(key)) began.push({ item, minute, direction: verdict.direction, verdict });
        if (verdict.status === 'clear' && firing.has(key)) ends.push(minute);
        if (verdict.status === 'firing') firing.add(key);
        else firing.delete(key);
      }
    });
    on += firing.size;
  }
  return { began, ends, firing: on };
}

test('what was lost for want of attempts rings again where it is seen to be wrong anew, not because it was', () => {
  for (const [dropsBack, rings] of [
    [6, false],
    [3, true],
  ] as const) {
    const detector = expectedRate.create(expectedRateConfig.parse({ rate: '0.6%' }), {
      measure,
      window,
      budget: { falseAlarmsPerDay: 1, tests: 2 },
    });
    let state: unknown;
    const isFiringAt = (minute: number, amount: number): boolean => {
      const observation = {
        ...minuteAt(minute),
        labels: {},
        value: amount / 10,
        volume: 1_000,
        absent: false,
        parts: { amount, exposure: 1_000 },
      };
      const [step] = detector.observeWindow([{ state, observation }], undefined).steps;
      ({ state } = step!);
      return step!.verdicts.some(({ status }) => status === 'firing');
    };
    const said = Array.from({ length: 120 }, (_, minute) => isFiringAt(minute, 3));
    assert.equal(said.at(-1), true);
    const back = Array.from({ length: 120 }, (_, minute) => isFiringAt(3 * DAY_MINUTES + minute, dropsBack));
    assert.deepEqual([back[0], back.at(-1)], [false, rings]);
  }
});

function minuteAt(minute: number): { startMs: number; endMs: number } {
  return { startMs: minute * MINUTE, endMs: (minute + 1) * MINUTE };
}

function binomial(random: Random, n: number, p: number): number {
  let count = 0;
  for (let i = 0; i < n; i++) if (random.unit() < p) count++;
  return count;
}

test('the promise holds: honest items ring no more often than the budget allows', () => {
  const rates = ['0.6%', '0.02', '50%', '0.3', '5.1%', '1.25%'];
  const items = Array.from({ length: 24 }, (_, i): Item => {
    const designed = rates[i % rates.length]!;
    return { designed, draws: 1 + ((7 * i) % 20), real: () => parseRate(designed)! };
  });
  let alarms = 0;
  for (const seed of [1, 2, 3]) {
    alarms += play(items, 3 * DAY_MINUTES, createRandom(seed), { falseAlarmsPerDay: 20, tests: 2 }).began.length;
  }
  // 180 are allowed in 9 days; the sums do not wait for the threshold exactly, they overshoot it. 0 would be no test at all.
  assert.ok(alarms <= 180 + 3 * Math.sqrt(180), `${alarms} alarms`);
  assert.ok(alarms >= 20, `${alarms} alarms: much evidence is left on the table`);
});

test('also where the attempts have rates of their own and the designed one is their mean', () => {
  const random = createRandom(9);
  // Half the draws at 2 %, half at 18 %: in the mean 10 %.
  const item: Item = { designed: '10%', draws: 20, real: () => 0.1 };
  const detector = expectedRate.create(expectedRateConfig.parse({ rate: '10%' }), {
    measure,
    window,
    budget: { falseAlarmsPerDay: 20, tests: 2 },
  });
  let state: unknown;
  let alarms = 0;
  let wasOn = false;
  for (let minute = 0; minute < 10 * DAY_MINUTES; minute++) {
    const amount = binomial(random, 10, 0.02) + binomial(random, 10, 0.18);
    const at = { startMs: minute * MINUTE, endMs: (minute + 1) * MINUTE };
    const parts = { amount, exposure: item.draws };
    const observation = { ...at, labels: {}, value: amount, volume: 20, absent: false, parts };
    const [step] = detector.observeWindow([{ state, observation }], undefined).steps;
    state = step!.state;
    const isOn = step!.verdicts.some(({ status }) => status === 'firing');
    if (isOn && !wasOn) alarms++;
    wasOn = isOn;
  }
  assert.ok(alarms <= 200 + 3 * Math.sqrt(200), `${alarms} alarms`);
});

test('a wrong item is found close to the information bound, the others stay silent', () => {
  const budget = { falseAlarmsPerDay: 0.02, tests: 2 };
  for (const [factor, direction] of [
    [0.5, 'down'],
    [2, 'up'],
  ] as const) {
    const delays: number[] = [];
    let covered = 0;
    for (let seed = 1; seed <= 12; seed++) {
      const items = Array.from({ length: 10 }, (_, i): Item => ({
        designed: '2%',
        draws: 50,
        real: (minute) => (i === 3 && minute >= 500 ? 0.02 * factor : 0.02),
      }));
      const { began } = play(items, 1_500, createRandom(seed), budget);
      const [first] = began;
      assert.ok(first, `seed ${seed}: found`);
      assert.deepEqual(
        began.map(({ item, direction: way }) => [item, way]),
        [[3, direction]],
      );
      delays.push(first.minute - 500);
      const { grounds } = first.verdict;
      assert.ok(grounds!.logEvidence >= grounds!.logThreshold);
      if (grounds!.ratioRange[0] <= factor && grounds!.ratioRange[1] >= factor) covered++;
      assert.ok(Math.abs(grounds!.sinceMs / MINUTE - 500) < 200, `since ${grounds!.sinceMs / MINUTE}`);
    }
    // Not 95 %: what rings is chosen by how far out it looks.
    assert.ok(covered >= 8, `${covered} of 12 intervals hold the true ratio`);
    const real = 0.02 * factor;
    const information = 50 * (real * Math.log(real / 0.02) + (1 - real) * Math.log((1 - real) / 0.98));
    const bound = Math.log((10 * 2 * DAY_MINUTES) / 0.02) / information;
    const mean = delays.reduce((sum, delay) => sum + delay, 0) / delays.length;
    assert.ok(mean < 1.25 * bound, `${direction}: ${mean.toFixed(0)} minutes in the mean, bound ${bound.toFixed(0)}`);
  }
});

test('an item that is right again ends its alarm, and can ring again', () => {
  const real = (minute: number): number => ((minute >= 300 && minute < 700) || (minute >= 1_200 && minute < 1_600) ? 0.06 : 0.02);
  const { began, ends } = play([{ designed: '2%', draws: 50, real }], 2_000, createRandom(4), { falseAlarmsPerDay: 1, tests: 2 });
  assert.equal(began.length, 2);
  assert.equal(ends.length, 2);
  assert.ok(ends[0]! >= 700 && ends[0]! < 800, `${ends[0]}`);
});

test('what stays wrong by the smallest change worth a bell rings once, and does not end before it is right', () => {
  const week = 7 * DAY_MINUTES;
  for (const [factor, direction] of [
    [0.9, 'down'],
    [1.1, 'up'],
    [0.93, 'down'],
  ] as const) {
    const real = (minute: number): number => (minute < week ? 0.1 * factor : 0.1);
    const { began, ends } = play([{ designed: '10%', draws: 1_000, real }], week + 600, createRandom(6), {
      falseAlarmsPerDay: 0.1,
      tests: 2,
    });
    assert.deepEqual(
      began.map((one) => one.direction),
      [direction],
    );
    assert.equal(ends.length, 1);
    assert.ok(ends[0]! >= week && ends[0]! < week + 300, `${factor} times as much: over after ${ends[0]} minutes`);
  }
});

/** Of an item that is off by this part of its designed rate, where a fifth is worth a bell and 28 alarms are allowed in 28 days. */
function playOff(off: number): { alarms: number; share: number } {
  let [alarms, firing] = [0, 0];
  for (let seed = 5; seed <= 8; seed++) {
    const item: Item = { designed: '10%', draws: 100, real: () => 0.1 * (1 + off) };
    const settings = { rate_in: 'designed', up: '20%', down: '20%' };
    const played = play([item], 7 * DAY_MINUTES, createRandom(seed), { falseAlarmsPerDay: 1, tests: 2 }, settings);
    alarms += played.began.length;
    firing += played.firing;
  }
  return { alarms, share: firing / (28 * DAY_MINUTES) };
}

test('what deviates by a tenth of the smallest change hardly fires, what does by near its half nearly always; neither rings often', () => {
  for (const side of [-1, 1]) {
    const [tenth, quarter, nearHalf] = [playOff(0.02 * side), playOff(0.05 * side), playOff(0.09 * side)];
    for (const { alarms } of [tenth, nearHalf]) assert.ok(alarms <= 28, `${alarms} alarms in 28 days`);
    const shares = [tenth, quarter, nearHalf].map(({ share }) => share);
    assert.ok(tenth.share < 0.1 && quarter.share > 2 * tenth.share && nearHalf.share > 0.8, `fires for ${shares.join(', ')} of the time`);
  }
  const item: Item = { designed: '10%', draws: 100, real: () => 0.103 };
  const settings = { rate_in: 'designed', up: '20%', down: '20%' };
  assert.deepEqual(play([item], 10_000, createRandom(5), { falseAlarmsPerDay: 0.1, tests: 2 }, settings).began, []);
});

test('a likelihood ratio is 1 in the mean at the designed rate', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.001, max: 0.9, noNaN: true }),
      fc.constantFrom('down' as const, 'up' as const),
      fc.double({ min: 0.02, max: 0.9, noNaN: true }),
      (rate, direction, change) => {
        for (const tilt of tiltsOf(rate, direction, change)) {
          const mean = rate * Math.exp(weigh(tilt, 1, 1)) + (1 - rate) * Math.exp(weigh(tilt, 0, 1));
          assert.ok(Math.abs(mean - 1) < 1e-9, `${mean}`);
        }
      },
    ),
  );
});

test('series without a designed rate, and attempts that cannot be, are not judged', () => {
  const detector = expectedRate.create(expectedRateConfig.parse({ rate_in: 'designed' }), { measure, window });
  const observe = (labels: Record<string, string>, amount: number, exposure: number): readonly Verdict[] => {
    const observation = { startMs: 0, endMs: MINUTE, labels, value: 1, volume: exposure, absent: false, parts: { amount, exposure } };
    return detector.observeWindow([{ state: undefined, observation }], undefined).steps[0]!.verdicts;
  };
  assert.deepEqual(observe({}, 5, 10), []);
  assert.deepEqual(observe({ designed: 'rare' }, 5, 10), []);
  assert.deepEqual(observe({ designed: '5%' }, 11, 10), []);
  assert.deepEqual(observe({ designed: '5%' }, 0, 0), []);
  assert.equal(observe({ designed: '5%' }, 1, 10).length, 2);
});

test('successes that are told when nobody tries count for the attempts before', () => {
  const settings = expectedRateConfig.parse({ rate: '5%', down: '50%', up: '100%' });
  const detector = expectedRate.create(settings, { measure, window, budget: { falseAlarmsPerDay: 0.02, tests: 2 } });
  for (const seed of [1, 2, 3]) {
    const random = createRandom(seed);
    let state: unknown;
    let isLucky = false;
    for (let minute = 0; minute < 10 * DAY_MINUTES; minute++) {
      // An attempt every fifth minute; its success is told three minutes later.
      const exposure = minute % 5 === 0 ? 1 : 0;
      if (exposure > 0) isLucky = random.unit() < 0.05;
      const amount = minute % 5 === 3 && isLucky ? 1 : 0;
      const observation = { ...minuteAt(minute), labels: {}, value: null, volume: exposure, absent: false, parts: { amount, exposure } };
      const [step] = detector.observeWindow([{ state, observation }], undefined).steps;
      state = step!.state;
      assert.ok(
        step!.verdicts.every(({ status }) => status === 'clear'),
        `it rings in minute ${minute}`,
      );
    }
  }
});

test('successes above attempts wait for more of these, for an hour at most', () => {
  const detector = expectedRate.create(expectedRateConfig.parse({ rate: '5%' }), { measure, window });
  /** What is observed in each minute; null: not judged. */
  const observed = (counted: readonly (readonly [minute: number, amount: number, exposure: number])[]): (number | null)[] => {
    let state: unknown;
    return counted.map(([minute, amount, exposure]) => {
      const observation = { ...minuteAt(minute), labels: {}, value: null, volume: exposure, absent: false, parts: { amount, exposure } };
      const [step] = detector.observeWindow([{ state, observation }], undefined).steps;
      state = step!.state;
      return step!.verdicts[0]?.observed ?? null;
    });
  };
  assert.deepEqual(
    observed([
      [0, 2, 0],
      [1, 1, 2],
      [2, 0, 0],
      [3, 0, 10],
      [4, 1, 10],
    ]),
    [null, null, null, 25, 10],
  );
  assert.deepEqual(
    observed([
      [0, 2, 0],
      [59, 0, 10],
      [60, 1, 10],
    ]),
    [null, 20, 10],
  );
  assert.deepEqual(
    observed([
      [0, 2, 0],
      [60, 1, 10],
    ]),
    [null, 10],
  );
  assert.deepEqual(
    observed([
      [0, 2, 0],
      [1, -1, 10],
      [2, 1, 10],
    ]),
    [null, null, 30],
  );
});

test('settings that do not suit are refused with what would', () => {
  const make =
    (settings: object, over: object = {}) =>
    () =>
      expectedRate.create(expectedRateConfig.parse(settings), { measure, window, ...over });
  assert.throws(
    make({ rate: '5%' }, { measure: { kind: 'count', name: 'drops', source: 'events', where: [] } }),
    /expected-rate for a measure of kind count.*\[successes, attempts\]/,
  );
  assert.throws(make({ rate: '5%' }, { window: { name: '5m/1m', sizeMs: 300_000, slideMs: MINUTE } }), /hopping window 5m\/1m.*tumbling/);
  assert.throws(make({ rate: '60%', up: '80%' }), /up: 80% of the rate 60%/);
  assert.throws(make({ rate_in: 'odds' }, { groupings: [['item']] }), /rate_in: odds, which is no dimension/);
  assert.equal(expectedRateConfig.safeParse({}).success, false);
  assert.equal(expectedRateConfig.safeParse({ rate: '5%', rate_in: 'designed' }).success, false);
});
