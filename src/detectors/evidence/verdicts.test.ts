import assert from 'node:assert/strict';
import { test } from 'node:test';
import { At, Baseline, Status, emptyState } from './layout.ts';
import { createModel } from './model.ts';
import { profileOf } from './profile.ts';
import { verdictsOf } from './verdicts.ts';

test('grounds are of the span that rang; the range of their ratio holds it, also where more was paid back than came in', () => {
  const settings = { windowMs: 60_000, hasExposure: false, habits: false, drop: 0.5, rise: undefined, falseAlarmsPerDay: 1, tests: 1 };
  const model = createModel({ ...settings, profile: profileOf('amounts', false) });
  const { numbers } = emptyState(model.layout);
  const rangs: [number, number][] = [
    [At.baseline, Baseline.own],
    [At.age, 10_000],
    [At.variance, 0.01],
    [At.status, Status.drop],
    [At.onSlots, 2],
    [At.rangSlots, 3],
    [At.rangExpected, 100],
    [At.rangVariance, 0.01],
    [At.rangNoise, 0.04],
  ];
  for (const [at, value] of rangs) numbers[at] = value;
  for (const observed of [-250, -39, 0, 1, 39]) {
    numbers[At.rangObserved] = observed;
    const [verdict] = verdictsOf(numbers, model, { startMs: 600_000, amount: observed, exposure: 1, expected: 100, scale: 1 }, []);
    const { sinceMs, observed: perWindow, ratio, ratioRange: range } = verdict!.grounds!;
    // It rang two windows ago, with the two before that.
    assert.equal(sinceMs, 360_000);
    assert.equal(perWindow, observed * (1 / 3));
    assert.equal(ratio, observed / 100);
    assert.ok(range[0] <= ratio && ratio <= range[1], `${ratio}: ${range.join(' to ')}`);
    assert.equal(range[0] < 0, observed < 0);
  }
});

test('of windows that are part of a minute a count is told as the window brought it', () => {
  const settings = { windowMs: 10_000, hasExposure: false, habits: false, drop: 0.5, rise: undefined, falseAlarmsPerDay: 1, tests: 1 };
  const model = createModel({ ...settings, profile: profileOf('events', false) });
  const { numbers } = emptyState(model.layout);
  numbers[At.baseline] = Baseline.own;
  numbers[At.age] = 10_000;
  const [verdict] = verdictsOf(numbers, model, { startMs: 600_000, amount: 5, exposure: 1 / 6, expected: 6, scale: 1 }, []);
  assert.deepEqual([verdict!.observed, verdict!.expected, verdict!.threshold], [5, 6, 3]);
});
