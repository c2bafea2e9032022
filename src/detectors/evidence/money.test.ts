/** Amounts of other kinds than those that a likelihood was made for keep the budget too. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom } from '../../core/random.ts';
import type { Random } from '../../core/random.ts';
import { createEvidenceRows } from './rows.ts';

const DAY = 1_440;
const SERIES = 30;
const DAYS = 2;
const BUDGET = 10;
/** Of 20 expected at most, so many or more would come once in 10,000. */
const TOO_MANY = 39;

const AMOUNTS: Readonly<Record<string, (random: Random) => number>> = {
  'lognormal, standard deviation 1.6 of the logarithm': (random) => Math.exp(1.6 * random.normal() - 1.28),
  'normal, some below 0': (random) => 1 + 1.2 * random.normal(),
  'nothing 19 times in 20': (random) => (random.unit() < 0.95 ? 0 : 20 * Math.exp(random.normal() - 0.5)),
  'nothing 99 times in 100': (random) => (random.unit() < 0.99 ? 0 : 100 * Math.exp(random.normal() - 0.5)),
};

/** Alarms by direction; `factor` of the amounts of a series by window. */
function alarms(
  amount: (random: Random) => number,
  hasExposure: boolean,
  windows: number,
  factor: (series: number, window: number) => number,
) {
  const share = { windowMs: 60_000, series: SERIES, falseAlarmsPerDay: BUDGET, tests: 2, adds: 'amounts', down: 0.5, up: 1 } as const;
  const rows = createEvidenceRows({ ...share, hasExposure });
  const randoms = Array.from({ length: SERIES }, (_, series) => createRandom(series, 7));
  const on = new Set<number>();
  const rang: { series: number; window: number; direction: string }[] = [];
  for (let window = 0; window < windows; window++) {
    randoms.forEach((random, series) => {
      const events = random.poisson([5, 20, 60][series % 3]! * (1 + 0.3 * Math.sin((2 * Math.PI * window) / DAY)));
      let sum = 0;
      for (let left = events; left > 0; left--) sum += amount(random);
      const direction = rows.observe(series, window, sum * factor(series, window), hasExposure ? events : 1, events);
      if (direction === undefined) on.delete(series);
      else if (!on.has(series)) {
        on.add(series);
        rang.push({ series, window, direction });
      }
    });
  }
  return rang;
}

for (const [name, amount] of Object.entries(AMOUNTS)) {
  for (const hasExposure of [true, false]) {
    test(`money that is ${name}, ${hasExposure ? 'per event' : 'as a sum'}, keeps the budget`, () => {
      const { length } = alarms(amount, hasExposure, DAYS * DAY, () => 1);
      assert.ok(length < TOO_MANY, `${length} alarms in ${DAYS} days at a budget of ${BUDGET} a day`);
    });
  }
}

test('lognormal money that doubles is found', () => {
  const amount = AMOUNTS['lognormal, standard deviation 1.6 of the logarithm']!;
  const rang = alarms(amount, true, DAY + 90, (series, window) => (series === 2 && window >= DAY ? 3 : 1));
  const found = rang.find(({ series, window }) => series === 2 && window >= DAY);
  assert.ok(found?.direction === 'up', JSON.stringify(rang));
});

test('a rise is found though an amount came in a minute without any exposure', () => {
  const rows = createEvidenceRows({
    windowMs: 60_000,
    series: 1,
    falseAlarmsPerDay: BUDGET,
    tests: 1,
    adds: 'amounts',
    hasExposure: true,
    up: 1,
  });
  const random = createRandom(3, 7);
  let rang: number | undefined;
  for (let window = 0; window < DAY + 30; window++) {
    const isOdd = window === DAY - 5;
    const events = isOdd ? 0 : random.poisson(200);
    let sum = isOdd ? 3 : 0;
    for (let left = events; left > 0; left--) sum += -Math.log(1 - random.unit()) * (window < DAY ? 1 : 3);
    if (rows.observe(0, window, sum, events) === 'up') rang ??= window;
  }
  assert.ok(rang !== undefined && rang >= DAY && rang < DAY + 15, `${rang}`);
});
