import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../../test/support/fast-check.ts';
import { createRandom } from '../../core/random.ts';
import type { MeasureSpec } from '../../windows/spec.ts';
import type { SeriesInput, Verdict } from '../detector.ts';
import { compareRates } from './comparison.ts';
import { experimentConfig } from './config.ts';
import { experiment } from './experiment.ts';

const MINUTE = 60_000;
const measure: MeasureSpec = { kind: 'ratio', name: 'ctr', numerator: 'clicks', denominator: 'impressions', scale: 100 };
const window = { name: '1m', sizeMs: MINUTE, slideMs: MINUTE };

/** What was told, and in which minute, of banners with these click rates; the rates swing together over the day. */
function play(rates: Readonly<Record<string, number>>, minutes: number, seed: number, settings: object = {}) {
  const random = createRandom(seed);
  const detector = experiment.create(experimentConfig.parse({ of: 'banner', control: 'old', ...settings }), { measure, window });
  const states = new Map<string, unknown>();
  const told: { minute: number; banner: string; verdict: Verdict }[] = [];
  for (let minute = 0; minute < minutes; minute++) {
    const swing = 1 + 0.7 * Math.sin(minute / 200);
    const banners = Object.keys(rates);
    const inputs = banners.map((banner): SeriesInput<unknown> => {
      const exposure = 40 + random.below(20);
      const amount = random.poisson(exposure * rates[banner]! * swing);
      const at = { startMs: minute * MINUTE, endMs: (minute + 1) * MINUTE };
      const rest = { value: amount / exposure, volume: exposure, absent: false, parts: { amount, exposure } };
      return { state: states.get(banner), observation: { ...at, labels: { banner, country: 'KR' }, ...rest } };
    });
    detector.observeWindow(inputs, undefined).steps.forEach(({ state, verdicts }, index) => {
      const banner = banners[index]!;
      states.set(banner, state);
      for (const verdict of verdicts) if (!verdict.isStanding) told.push({ minute, banner, verdict });
    });
  }
  return told;
}

test('the same banner twice is decided no more often than permitted, looked at every minute', () => {
  let wrong = 0;
  for (let seed = 1; seed <= 200; seed++) wrong += play({ old: 0.03, same: 0.03 }, 1_500, seed, { error: '10%' }).length;
  assert.ok(wrong <= 20, `${wrong} of 200 at 10 %`);
  assert.ok(wrong >= 1, 'a test that never errs leaves evidence on the table');
});

test('a better banner is told once, as soon as the data carry it, with an interval that holds the truth', () => {
  let held = 0;
  for (let seed = 1; seed <= 20; seed++) {
    const told = play({ old: 0.03, new: 0.042 }, 2_000, seed);
    assert.equal(told.length, 1, `seed ${seed}`);
    const [{ minute, verdict, banner }] = told as [(typeof told)[0]];
    assert.equal(`${banner} ${verdict.direction}`, 'new up');
    assert.ok(minute < 1_200, `${minute}`);
    const { ratioRange, expectedRange, logEvidence, logThreshold } = verdict.grounds!;
    assert.ok(logEvidence >= logThreshold && ratioRange[0] > 1 && verdict.observed > expectedRange[1]);
    if (ratioRange[0] <= 1.4 && ratioRange[1] >= 1.4) held++;
  }
  assert.ok(held >= 18, `${held} of 20 intervals`);
});

test('several variants share the error, each is told for itself', () => {
  const told = play({ old: 0.03, worse: 0.012, same: 0.03, better: 0.07 }, 1_500, 3, { variants: 4 });
  assert.deepEqual(told.map(({ banner, verdict }) => `${banner} ${verdict.direction}`).sort(), ['better up', 'worse down']);
});

test('the interval holds the observed ratio, and swaps with the variants', () => {
  const tally = fc.record({ successes: fc.integer({ min: 0, max: 500 }), attempts: fc.integer({ min: 500, max: 10_000 }) });
  fc.assert(
    fc.property(tally, tally, (a, b) => {
      const [forth, back] = [compareRates(a, b, 0.05), compareRates(b, a, 0.05)];
      if (!forth || !back) return assert.equal(a.successes + b.successes, 0);
      assert.ok(forth.range[0] <= forth.ratio && forth.ratio <= forth.range[1]);
      assert.ok(forth.range[0] === 0 || Math.abs(forth.range[0] * back.range[1] - 1) < 1e-6);
      const excludesOne = forth.range[0] > 1 || forth.range[1] < 1;
      assert.equal(excludesOne, forth.logEvidence >= Math.log(20));
    }),
  );
});

test('windows that only one of the two lived through are left out', () => {
  const detector = experiment.create(experimentConfig.parse({ of: 'banner', control: 'old' }), { measure, window });
  const at = { startMs: 0, endMs: MINUTE, value: 50, volume: 1_000, absent: false, parts: { amount: 500, exposure: 1_000 } };
  const alone = { state: undefined, observation: { ...at, labels: { banner: 'new' } } };
  assert.deepEqual(detector.observeWindow([alone], undefined).steps, [{ state: undefined, verdicts: [] }]);
});

test('settings that do not suit are refused with what would', () => {
  const make =
    (settings: object, over: object = {}) =>
    () =>
      experiment.create(experimentConfig.parse({ of: 'banner', control: 'old', ...settings }), { measure, window, ...over });
  assert.throws(
    make({}, { measure: { kind: 'count', name: 'clicks', source: 'events', where: [] } }),
    /experiment for a measure of kind count/,
  );
  assert.throws(make({}, { currency: 'EUR' }), /experiment for a ratio in EUR\. Expected a ratio of counts/);
  assert.throws(make({ of: 'flag' }, { groupings: [['banner']] }), /of: flag, which is no dimension/);
  assert.equal(experimentConfig.safeParse({ of: 'banner', control: 'old', error: '0%' }).success, false);
});
