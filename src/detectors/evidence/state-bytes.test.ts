import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emptyState } from './layout.ts';
import { createModel } from './model.ts';
import { profileOf } from './profile.ts';
import { stateBytes, stateVersionOf } from './state-bytes.ts';

const settings = { windowMs: 60_000, habits: true, falseAlarmsPerDay: 1, tests: 1, drop: 0.5, rise: 2 };
const modelOf = (adds: 'events' | 'amounts', hasExposure: boolean) =>
  createModel({ ...settings, hasExposure, profile: profileOf(adds, hasExposure) });

test('a state is read in its own version alone', () => {
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
    for (const other of [version - 1, version + 1]) assert.equal(form.decode(bytes, other), undefined);
    assert.equal(form.decode(Buffer.from('AAAA'), version), undefined);
  }
});

test('amounts that were written before it was kept what one event brings are read, with their habits or without', () => {
  for (const habits of [true, false]) {
    const model = createModel({ ...settings, habits, hasExposure: false, profile: profileOf('amounts', false) });
    const { layout } = model;
    const form = stateBytes(model);
    const state = emptyState(layout);
    state.numbers.forEach((_, place) => (state.numbers[place] = place * 3));
    state.habits.fill(-5);
    const numberBytes = layout.numbers * Float32Array.BYTES_PER_ELEMENT;
    const bytes = Buffer.from(form.encode(state));
    const older = layout.perEvent * Float32Array.BYTES_PER_ELEMENT;
    assert.equal(numberBytes - older, 2 * Float32Array.BYTES_PER_ELEMENT);
    for (const written of [Buffer.concat([bytes.subarray(0, older), bytes.subarray(numberBytes)]), bytes.subarray(0, older)]) {
      const read = form.decode(written, stateVersionOf(model))!;
      assert.deepEqual(read.numbers.subarray(0, layout.perEvent), state.numbers.subarray(0, layout.perEvent));
      assert.deepEqual([...read.numbers.subarray(layout.perEvent)], [0, 0]);
      assert.deepEqual(read.habits, written.length === older ? new Int8Array(state.habits.length) : state.habits);
    }
  }
});
