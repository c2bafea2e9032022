import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../../test/support/fast-check.ts';
import type { Observation, SeriesInput, Verdict } from '../detector.ts';
import { emaThresholdConfig } from './config.ts';
import { emaThreshold } from './ema-threshold.ts';

const MINUTE = 60_000;
const context = {
  measure: { kind: 'ratio', name: 'ctr', numerator: 'clicks', denominator: 'impressions', scale: 100, unit: '%' },
  window: { name: '1m', sizeMs: MINUTE, slideMs: MINUTE },
} as const;

interface Minute {
  readonly minute: number;
  readonly value: number | null;
  readonly volume: number;
}

function run(settings: object, minutes: readonly Minute[]): Verdict[][] {
  const detector = emaThreshold.create(emaThresholdConfig.parse(settings), context);
  let state: unknown;
  return minutes.map(({ minute, value, volume }) => {
    const observation: Observation = { startMs: minute * MINUTE, endMs: (minute + 1) * MINUTE, labels: {}, value, volume, absent: false };
    const input: SeriesInput<unknown> = { state, observation };
    const [step] = detector.observeWindow([input], undefined).steps;
    state = JSON.parse(JSON.stringify(step?.state ?? null)) ?? undefined;
    return [...(step?.verdicts ?? [])];
  });
}

/** The rule as it is usually written down, with a history that lives for an hour. */
function naive(minutes: readonly Minute[]): string[][] {
  let history: { avg: number; until: number } | undefined;
  return minutes.map(({ minute, value }) => {
    const current = value === null ? 0 : value;
    const average = history !== undefined && minute < history.until ? history.avg : current;
    const alarms: string[] = [];
    if (average > 0 && current < average * 0.5) alarms.push('down');
    if (average > 0 && current > average * 3) alarms.push('up');
    const known = history !== undefined && minute < history.until;
    history = { avg: known ? average * 0.8 + current * 0.2 : current, until: minute + 1 + 60 };
    return alarms;
  });
}

function firing(verdicts: readonly Verdict[]): string[] {
  return verdicts.filter((verdict) => verdict.status === 'firing').map((verdict) => verdict.direction);
}

const minutesArbitrary = fc
  .array(fc.record({ gap: fc.oneof({ weight: 20, arbitrary: fc.constant(1) }, fc.integer({ min: 1, max: 130 })), value: values() }), {
    minLength: 10,
    maxLength: 60,
  })
  .map((steps) => {
    let minute = 0;
    return steps.map(({ gap, value }) => ({ minute: (minute += gap), value, volume: 1 }));
  });

function values(): fc.Arbitrary<number | null> {
  return fc.oneof(fc.constantFrom(null, 0, 1, 2, 3, 4, 8, 24), fc.double({ min: 0, max: 100, noNaN: true }));
}

test('rings exactly where the plain moving-average rule rings', () => {
  let rang = 0;
  fc.assert(
    fc.property(minutesArbitrary, (minutes) => {
      const expected = naive(minutes);
      rang += expected.flat().length;
      assert.deepEqual(run({ down: '50%', up: '200%' }, minutes).map(firing), expected);
    }),
    { numRuns: 300 },
  );
  assert.ok(rang > 300, `only ${rang} alarms were compared`);
});

test('compares with what was before it, then learns 0.8 to 0.2', () => {
  const verdicts = run(
    { down: '50%' },
    [5, 5, 2, 2, 2].map((value, minute) => ({ minute, value, volume: 1000 })),
  );
  assert.deepEqual(verdicts.map(firing), [[], [], ['down'], ['down'], []]);
  const [drop] = verdicts[2] ?? [];
  assert.deepEqual(drop, { direction: 'down', status: 'firing', observed: 2, expected: 5, threshold: 2.5, baselineWindows: 2 });
  assert.ok(Math.abs((verdicts[3]?.[0]?.expected ?? 0) - 4.4) < 1e-12);
});

test('exactly half is not yet below half, exactly three times not above', () => {
  assert.deepEqual(
    run(
      { down: '50%', up: '200%' },
      [4, 2].map((value, minute) => ({ minute, value, volume: 1 })),
    ).map(firing),
    [[], []],
  );
  assert.deepEqual(
    run(
      { down: '50%', up: '200%' },
      [4, 12].map((value, minute) => ({ minute, value, volume: 1 })),
    ).map(firing),
    [[], []],
  );
});

test('an average of 0 rings no bell', () => {
  assert.deepEqual(
    run(
      { up: '100%' },
      [0, 7].map((value, minute) => ({ minute, value, volume: 1 })),
    ).map(firing),
    [[], []],
  );
});

test('a window below min_volume is neither judged nor learnt from', () => {
  const minutes = [
    { minute: 0, value: 5, volume: 200 },
    { minute: 1, value: 0, volume: 99 },
    { minute: 2, value: 2, volume: 100 },
  ];
  const verdicts = run({ down: '50%', min_volume: 100 }, minutes);
  assert.deepEqual(verdicts[1], []);
  assert.equal(verdicts[2]?.[0]?.expected, 5);
  assert.deepEqual(firing(verdicts[2] ?? []), ['down']);
});

test('the first bell waits until warm_up windows were learnt from', () => {
  const minutes = [10, 1, 1, 1, 0].map((value, minute) => ({ minute, value, volume: 1 }));
  assert.deepEqual(run({ down: '50%', warm_up: 4 }, minutes).map(firing), [[], [], [], [], ['down']]);
});

test('a baseline that learnt nothing for an hour starts anew', () => {
  const at = (minute: number, value: number): Minute => ({ minute, value, volume: 1 });
  assert.deepEqual(run({ down: '50%' }, [at(0, 5), at(60, 1)]).map(firing), [[], ['down']]);
  assert.deepEqual(run({ down: '50%' }, [at(0, 5), at(61, 1)]).map(firing), [[], []]);
});

test('settings without a direction, or beyond reason, are refused', () => {
  for (const wrong of [
    {},
    { down: '0%' },
    { down: '150%' },
    { down: 50 },
    { up: '100' },
    { up: '100%', warm_up: -1 },
    { down: '50%', dwon: '1%' },
  ]) {
    assert.equal(emaThresholdConfig.safeParse(wrong).success, false, JSON.stringify(wrong));
  }
});
