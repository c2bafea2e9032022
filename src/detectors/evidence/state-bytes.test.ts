import assert from 'node:assert/strict';
import { test } from 'node:test';
import { At, Baseline, Lump, emptyState } from './layout.ts';
import { createModel } from './model.ts';
import { profileOf } from './profile.ts';
import { stateBytes, stateVersionOf } from './state-bytes.ts';

const settings = { windowMs: 60_000, habits: true, falseAlarmsPerDay: 1, tests: 1, drop: 0.5, rise: 2 };
const modelOf = (adds: 'events' | 'amounts', hasExposure: boolean) =>
  createModel({ ...settings, hasExposure, profile: profileOf(adds, hasExposure) });

const inBase64 = (bytes: Uint8Array): Uint8Array => Buffer.from(Buffer.from(bytes).toString('base64'));

for (const hasExposure of [true, false]) {
  test(`money of version 1, ${hasExposure ? 'per event' : 'as a sum'}, goes on with what it knew`, () => {
    const model = modelOf('amounts', hasExposure);
    const { layout } = model;
    const old = emptyState(layout);
    old.numbers.forEach((_, place) => (old.numbers[place] = place / 4));
    old.habits.fill(7);
    Object.assign(old.numbers, { [At.baseline]: Baseline.own, [At.spread]: 2, [At.spreadSum]: 30, [At.moneyRate]: 5 });
    const bytes = Buffer.concat([old.bytes.subarray(0, layout.lumps * 4), old.bytes.subarray(layout.numbers * 4)]);
    const state = stateBytes(model).decode(inBase64(bytes), 1);
    assert.ok(state);
    // Habits of one day alone were believed.
    assert.ok(state.habits.every((byte) => byte === 8));
    assert.deepEqual(state.numbers.slice(layout.mean, layout.lumps), old.numbers.slice(layout.mean, layout.lumps));
    // Its noise in a slot is the same, in amounts where there is no exposure.
    const [spread, rate] = [state.numbers[At.spread]!, state.numbers[At.moneyRate]!];
    assert.equal(spread * rate, 2 * 5);
    assert.equal(state.numbers[At.spreadSum]! * rate, 30 * 5);
    if (!hasExposure) assert.equal(rate, 1);
    assert.equal(state.numbers[layout.lumps + Lump.empty], 0);
    assert.equal(state.numbers[layout.lumps + Lump.skew], 2);
  });
}

test('a state is read in its own version and those before it alone', () => {
  for (const [adds, hasExposure] of [
    ['events', true],
    ['amounts', true],
    ['amounts', false],
  ] as const) {
    const model = modelOf(adds, hasExposure);
    const form = stateBytes(model);
    const state = emptyState(model.layout);
    state.numbers.forEach((_, place) => (state.numbers[place] = place * 3));
    state.habits.fill(-5);
    const version = stateVersionOf(model);
    const bytes = Buffer.from(form.encode(state));
    // As out of a larger buffer, at an odd place.
    const kept = Buffer.concat([Buffer.from('x'), bytes]).subarray(1);
    const { numbers, habits } = form.decode(kept, version)!;
    assert.deepEqual([numbers, habits], [state.numbers, state.habits]);
    const again = form.decode(bytes, version)!;
    bytes.fill(0);
    assert.deepEqual([again.numbers, again.habits], [numbers, habits], 'bytes of its own');
    state.habits.fill(-4);
    assert.deepEqual(form.decode(inBase64(form.encode(state)), version - 1), state);
    assert.equal(form.decode(bytes, version + 1), undefined);
    assert.equal(form.decode(bytes, 0), undefined);
    assert.equal(form.decode(Buffer.from('AAAA'), version), undefined);
  }
});

test('an alarm that could not end, as its state held no number, can', () => {
  const model = modelOf('amounts', false);
  const form = stateBytes(model);
  const state = emptyState(model.layout);
  state.numbers[At.back] = Number.NaN;
  assert.equal(form.decode(form.encode(state), stateVersionOf(model))!.numbers[At.back], 0);
});
