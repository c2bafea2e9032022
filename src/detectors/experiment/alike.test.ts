/** Variants that are the same, in ways that are easily taken for a difference. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom, type Random } from '../../core/random.ts';
import type { MeasureSpec } from '../../windows/spec.ts';
import type { SeriesInput } from '../detector.ts';
import type { Tally } from './comparison.ts';
import { experimentConfig } from './config.ts';
import { experiment } from './experiment.ts';

const MINUTE = 60_000;
const DAY = 1_440;
const measure: MeasureSpec = { kind: 'ratio', name: 'conversion', numerator: 'orders', denominator: 'visits', scale: 100 };
const window = { name: '1m', sizeMs: MINUTE, slideMs: MINUTE };

/** Those that are decided; `counted` of a variant in a minute. A variant has no row where nothing came. */
function decided(variants: readonly string[], minutes: number, settings: object, counted: (variant: string, minute: number) => Tally) {
  const detector = experiment.create(experimentConfig.parse({ of: 'page', control: 'old', ...settings }), { measure, window });
  const states = new Map<string, unknown>();
  const told: string[] = [];
  for (let minute = 0; minute < minutes; minute++) {
    const time = { startMs: minute * MINUTE, endMs: (minute + 1) * MINUTE };
    const inputs = variants.flatMap((page): SeriesInput<unknown>[] => {
      const { successes: amount, attempts: exposure } = counted(page, minute);
      const absent = amount === 0 && exposure === 0;
      if (absent && !states.has(page)) return [];
      const rest = { value: exposure > 0 ? amount / exposure : null, volume: exposure, absent, parts: { amount, exposure } };
      return [{ state: states.get(page), observation: { ...time, labels: { page }, ...rest } }];
    });
    detector.observeWindow(inputs, undefined).steps.forEach(({ state, verdicts }, index) => {
      const { page } = inputs[index]!.observation.labels;
      states.set(page!, state);
      for (const { direction, isStanding } of verdicts) if (!isStanding) told.push(`${page} ${direction}`);
    });
  }
  return told;
}

/** Orders of one in twenty visits, twenty minutes later in the mean. `visits`: a minute, in the mean. */
function laterOrders(visits: Readonly<Record<string, number>>, minutes: number, random: Random) {
  const orders = new Map(Object.keys(visits).map((page) => [page, new Float64Array(minutes)]));
  return (page: string, minute: number): Tally => {
    const attempts = random.poisson(visits[page]!);
    const own = orders.get(page)!;
    for (let visit = 0; visit < attempts; visit++) {
      if (random.unit() >= 0.05) continue;
      const at = minute + Math.floor(-20 * Math.log(1 - random.unit()));
      if (at < minutes) own[at]! += 1;
    }
    return { attempts, successes: own[minute]! };
  };
}

test('orders that come long after the visits, with a small variant beside a large one', () => {
  const splits = [
    { old: 9, new: 1 },
    { old: 1, new: 9 },
  ];
  for (const visits of splits) {
    let wrong = 0;
    for (let seed = 1; seed <= 10; seed++) {
      const counted = laterOrders(visits, 4 * DAY, createRandom(seed));
      wrong += decided(['old', 'new'], 4 * DAY, { error: '5%' }, counted).length;
    }
    assert.ok(wrong <= 2, `${wrong} of 10, ${JSON.stringify(visits)}`);
  }
});

test('amounts of money are no successes: no verdict while they exceed the attempts', () => {
  const random = createRandom(1);
  const told = decided(['old', 'new'], DAY, {}, () => {
    const orders = random.poisson(1);
    return { attempts: 20, successes: orders === 0 ? 0 : Math.round(orders * 100 * Math.exp(random.normal())) };
  });
  assert.deepEqual(told, []);
});

test('ten banners with `variants` left out share the error of two', () => {
  const banners = ['old', ...'abcdefghi'];
  let wrong = 0;
  for (let seed = 1; seed <= 20; seed++) {
    const random = createRandom(seed);
    const counted = (): Tally => ({ attempts: 40, successes: random.poisson(2) });
    if (decided(banners, DAY / 2, { error: '40%' }, counted).length > 0) wrong++;
  }
  assert.ok(wrong <= 8, `${wrong} of 20 at 40 %`);
});

test('a value that comes when the error is dealt out is not judged, until one has been gone for a day or `variants` counts it', () => {
  const random = createRandom(1);
  const rates: Record<string, number> = { old: 2, first: 2, second: 8 };
  const counted = (page: string, minute: number): Tally => {
    const isOn = page === 'second' ? minute >= 60 : page === 'old' || minute < DAY;
    return isOn ? { attempts: 40, successes: random.poisson(rates[page]!) } : { attempts: 0, successes: 0 };
  };
  const pages = ['old', 'first', 'second'];
  assert.deepEqual(decided(pages, DAY * 1.9, {}, counted), []);
  assert.deepEqual(decided(pages, DAY * 2.1, {}, counted), ['second up']);
  assert.deepEqual(decided(pages, DAY / 2, { variants: 3 }, counted), ['second up']);
});
