import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../../test/support/fast-check.ts';
import { createRandom } from '../../core/random.ts';
import { ALARM_SCORE, alarmEvidence, scoreOf } from './score.ts';
import { createSeasonalScorer } from './seasonal-scorer.ts';
import { SEASONAL_SETTINGS } from './settings.ts';
import { decodeSeasonalState, encodeSeasonalState } from './state-text.ts';

const MINUTE = 60_000;
const DAY_MINUTES = 1_440;
const start = Date.UTC(2026, 2, 2);

/** Evidence per point; `value` of the index, on a regular grid. */
function run(points: number, stepMinutes: number, value: (index: number) => number): number[] {
  const scorer = createSeasonalScorer(SEASONAL_SETTINGS);
  return Array.from({ length: points }, (_, i) => scorer.observe(start + i * stepMinutes * MINUTE, value(i)).evidence);
}

/** Alarms at least an hour apart. */
function episodes(evidence: readonly number[], stepMinutes: number): number[] {
  const apart = Math.max(10, 60 / stepMinutes);
  const found: number[] = [];
  let last = -Infinity;
  evidence.forEach((each, i) => {
    if (each < 0) return;
    if (i - last > apart) found.push(i);
    last = i;
  });
  return found;
}

const WEEK_POINTS = 2_016;

/** A shop's day: quiet at night, a peak in the evening. */
function daily(minute: number): number {
  return 100 + 60 * Math.sin((2 * Math.PI * minute) / DAY_MINUTES) + 20 * Math.sin((4 * Math.PI * minute) / DAY_MINUTES);
}

for (const [name, noise] of Object.entries({
  normal: (random: ReturnType<typeof createRandom>) => random.normal(),
  'heavy-tailed': (random: ReturnType<typeof createRandom>) => random.normal() / Math.sqrt(random.unit() + 0.02),
  lopsided: (random: ReturnType<typeof createRandom>) => -Math.log(1 - random.unit()),
})) {
  test(`chance alone rings about as often as the budget says: ${name} noise on a daily curve`, () => {
    const [weeks, seeds] = [6, 6];
    const half = (weeks / 2) * WEEK_POINTS;
    let [learning, later] = [0, 0];
    for (let seed = 0; seed < seeds; seed++) {
      const random = createRandom(seed, 5);
      const found = episodes(
        run(weeks * WEEK_POINTS, 5, (i) => daily(i * 5) + 5 * noise(random)),
        5,
      );
      learning += found.filter((i) => i < half).length;
      later += found.filter((i) => i >= half).length;
    }
    // One a week is for points that come in clusters of 1.9, as those of real series do. Independent noise has no clusters, and rings
    // 1.9 times a week: 34 times in 18 weeks, and once in a thousand more than 53 times.
    assert.ok(later <= 53, `${later} episodes later on`);
    // A tail that is heavier than the normal one's, which is believed at first, is taken for half as thick again as it is in the first weeks.
    const most = name === 'heavy-tailed' ? 75 : 53;
    assert.ok(learning <= most, `${learning} episodes in the first weeks`);
  });
}

test('a drop to a half is found within minutes, at the peak and at night', () => {
  for (const minute of [360, 1_000]) {
    const random = createRandom(3);
    const broken = 8 * DAY_MINUTES + minute;
    const evidence = run(broken + 30, 1, (i) => Math.max(0, daily(i) * (i >= broken ? 0.5 : 1) + 4 * random.normal()));
    const found = evidence.findIndex((each, i) => i >= broken && each >= 0);
    assert.ok(found >= broken && found < broken + 5, `${minute}: ${found - broken}`);
  }
});

test('a job that runs daily at 03:00 is learnt', () => {
  const random = createRandom(4);
  const evidence = run(10 * DAY_MINUTES, 1, (i) => 50 + random.normal() + (i % DAY_MINUTES >= 180 && i % DAY_MINUTES < 185 ? 40 : 0));
  const onDay = (day: number): number => Math.max(...evidence.slice(day * DAY_MINUTES + 180, day * DAY_MINUTES + 185));
  assert.ok(onDay(0) > 1.5, 'news on the first day');
  // From then on it is at most what chance does once in ten days anyway.
  for (let day = 4; day < 10; day++) assert.ok(onDay(day) < 0.15, `day ${day}: ${onDay(day)}`);
});

test('a permanent step is told once', () => {
  const random = createRandom(5);
  const step = 5 * DAY_MINUTES;
  const evidence = run(step + 3 * DAY_MINUTES, 1, (i) => (i < step ? 100 : 160) + 3 * random.normal());
  const after = episodes(evidence, 1).filter((i) => i >= step);
  assert.equal(after[0], step);
  assert.ok(after.length <= 2, `${after.length} episodes`);
  // It rings for minutes, not until the new level is learnt.
  assert.ok(evidence.slice(step).filter((each) => each >= 0).length <= 15);
});

test('a constant series says nothing until it moves', () => {
  const evidence = run(3_000, 5, (i) => (i === 2_500 ? 43 : 42));
  assert.deepEqual(episodes(evidence, 5), [2_500]);
});

test('whatever comes, the first 50 points never ring; the next one may', () => {
  const noise = createRandom(3);
  const values = Array.from({ length: 51 }, () => 100 + noise.normal());
  const withBreakAt = (at: number): number[] => run(51, 5, (i) => (i === at ? 10_000 : values[i]!));
  for (const at of [20, 48, 49])
    assert.ok(
      withBreakAt(at).every((evidence) => evidence < 0),
      `as number ${at + 1}`,
    );
  assert.ok(withBreakAt(50)[50]! >= 0);
});

test('rare bursts out of zero are not news, a far larger one is', () => {
  const random = createRandom(6);
  const values = Array.from({ length: 20_000 }, () => (random.below(60) === 0 ? 1 + random.below(9) : 0));
  values[19_000] = 900;
  const found = episodes(
    run(values.length, 1, (i) => values[i]!),
    1,
  );
  assert.ok(found.includes(19_000), String(found));
  assert.ok(found.filter((i) => i > 3_000).length <= 6, String(found));
});

test('the way back to what is usual at this time of the day is no news, though the forecast had followed something else', () => {
  let rang = 0;
  for (let seed = 0; seed < 4; seed++) {
    const random = createRandom(seed);
    // Idle, but for short bursts now and then, and a long one a week.
    const longEnds = [0, 1, 2, 3].map((week) => (7 * week + 4) * DAY_MINUTES + 645);
    let left = 0;
    const evidence = run(28 * DAY_MINUTES, 1, (i) => {
      if (longEnds.includes(i + 45)) left = 45;
      else if (left === 0 && random.unit() < 0.008) left = 1 + random.below(4);
      return left-- > 0 ? 20 + random.normal() : (left = 0);
    });
    rang += episodes(evidence, 1).filter((i) => longEnds.some((end) => i >= end && i < end + 8)).length;
  }
  // Where only the forecast is asked, each of the 16 ends rings.
  assert.ok(rang <= 6, `${rang} of 16 ends rang`);
});

test('a straight line that somebody drew through a gap rings nothing', () => {
  const random = createRandom(13);
  const noisy = Array.from({ length: 8 * DAY_MINUTES }, (_, i) => daily(i) + random.normal());
  const [from, to] = [6 * DAY_MINUTES + 100, 6 * DAY_MINUTES + 700];
  const evidence = run(noisy.length, 1, (i) =>
    i >= from && i < to ? noisy[from]! + ((noisy[to]! - noisy[from]!) * (i - from)) / (to - from) : noisy[i]!,
  );
  assert.deepEqual(
    episodes(evidence, 1).filter((i) => i > from + 5 && i < to),
    [],
  );
});

test('a stretch that somebody filled by a straight line leaves the spread as it was', () => {
  const values = (filled: boolean): ((i: number) => number) => {
    const random = createRandom(9);
    return (i) => {
      const noisy = 100 + 5 * random.normal();
      return filled && i >= 3_000 && i < 4_500 ? 100 + (i - 3_000) / 500 : noisy;
    };
  };
  const [plain, filled] = [run(5_500, 1, values(false)), run(5_500, 1, values(true))];
  assert.ok(episodes(filled, 1).filter((i) => i >= 4_500).length <= episodes(plain, 1).filter((i) => i >= 4_500).length + 1);
});

test('times that repeat, skip or step back are taken in the order of the file', () => {
  const random = createRandom(10);
  const scorer = createSeasonalScorer(SEASONAL_SETTINGS);
  let timeMs = start;
  let alarms = 0;
  for (let i = 0; i < 6_000; i++) {
    timeMs += (i % 500 === 0 ? -60 : i % 700 === 0 ? 300 : i % 50 === 0 ? 0 : 5) * MINUTE;
    const { evidence } = scorer.observe(timeMs, -20 + random.normal());
    if (evidence >= 0) alarms++;
  }
  assert.ok(alarms <= 8, `${alarms} alarms`);
});

test('where times never go on, no more than a million values are kept', () => {
  const scorer = createSeasonalScorer(SEASONAL_SETTINGS);
  for (let i = 0; i < 1_000_100; i++) scorer.observe(start - i, i);
  assert.equal(scorer.state.firstValues.length, 1_000_000);
});

test('whatever finite values come, readings are finite and scores within 0 and 1', () => {
  const step = fc.tuple(fc.integer({ min: -1_000, max: 100_000 }), fc.double({ min: -1e140, max: 1e140, noNaN: true }));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 150, size: 'max' }), (steps) => {
      const scorer = createSeasonalScorer(SEASONAL_SETTINGS);
      let timeMs = 0;
      for (const [seconds, value] of steps) {
        timeMs += seconds * 1_000;
        const { evidence, expected, spread } = scorer.observe(timeMs, value);
        assert.ok([evidence, expected, spread].every(Number.isFinite), JSON.stringify({ evidence, expected, spread }));
        const score = scoreOf(evidence, 1);
        assert.ok(score >= 0 && score <= 1);
      }
    }),
  );
});

test('values beyond what single precision holds are scored too: a break among them rings', () => {
  for (const size of [1e30, 1e39, 1e60, 1e100, 1e140]) {
    const random = createRandom(14);
    const broken = 4 * DAY_MINUTES + 100;
    const evidence = run(broken + 5, 1, (i) => size * (100 + random.normal()) * (i >= broken ? 3 : 1));
    assert.ok(evidence.every(Number.isFinite), `${size}`);
    assert.ok(Math.max(...evidence.slice(broken)) >= 0, `${size}`);
  }
});

test('stored at any point and taken up again, it goes on to the last bit', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1_500 }), fc.integer(), (cut, seed) => {
      const random = createRandom(seed);
      const values = Array.from({ length: cut + 200 }, (_, i) => daily(i * 5) + random.normal());
      const whole = createSeasonalScorer(SEASONAL_SETTINGS);
      let other = createSeasonalScorer(SEASONAL_SETTINGS);
      values.forEach((value, i) => {
        if (i === cut) other = createSeasonalScorer(SEASONAL_SETTINGS, decodeSeasonalState(encodeSeasonalState(other.state)));
        assert.deepEqual(other.observe(start + i * 5 * MINUTE, value), whole.observe(start + i * 5 * MINUTE, value));
      });
    }),
    { numRuns: 15 },
  );
  assert.equal(decodeSeasonalState('no state'), undefined);
});

test('one half is the alarm for every budget', () => {
  for (const budget of [0.01, 1, 7]) {
    assert.ok(Math.abs(scoreOf(alarmEvidence(budget), budget) - ALARM_SCORE) < 1e-12);
    assert.ok(scoreOf(alarmEvidence(budget) + 3, budget) > 0.84);
  }
});
