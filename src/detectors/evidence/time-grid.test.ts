import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesOf, createLayout } from './layout.ts';
import { profileOf } from './profile.ts';
import { createTimeGrid } from './time-grid.ts';

const MINUTE = 60_000;
const SIZES = { '10s': 10_000, '45s': 45_000, '1m': MINUTE, '90s': 90_000, '2m': 2 * MINUTE, '5m': 5 * MINUTE, '1h': 60 * MINUTE };

for (const [name, windowMs] of Object.entries(SIZES)) {
  const grid = createTimeGrid(windowMs);

  test(`windows of ${name}: spans rise, each start up to the longest is counted once`, () => {
    for (const { slots, weights, recentCount } of grid.spans) {
      assert.ok(slots.every((length, index) => index === 0 || length > slots[index - 1]!));
      assert.equal(slots[0], 1);
      const longest = slots.at(-1)!;
      const starts = weights.reduce((sum, weight) => sum + weight, 0);
      assert.ok(Math.abs(starts - longest) <= 1, `${starts} of ${longest}`);
      assert.ok(slots[recentCount - 1]! <= grid.recent);
    }
  });

  test(`windows of ${name}: an hour of memory, or twelve slots where slots are long`, () => {
    const minutes = grid.slotsMax * grid.slotMinutes;
    assert.ok(grid.slotMinutes >= 1 && grid.slotMinutes < Math.max(2, windowMs / MINUTE + 0.001));
    assert.ok(grid.slotsMax >= 12 && (grid.slotsMax === 12 || Math.abs(minutes - 60) <= 5), `${minutes} minutes`);
    assert.ok(grid.olderBlocks === 0 || grid.recent % grid.blockSlots === 0);
  });
}

test('whatever the size of the windows, no span is longer than what is remembered, and at most a block shorter', () => {
  for (let windowMs = 1_000; windowMs <= 2 * 60 * MINUTE; windowMs += windowMs < 10 * MINUTE ? 1_000 : MINUTE) {
    const { spans, slotsMax, blockSlots } = createTimeGrid(windowMs);
    for (const { slots } of spans) {
      const longest = slots.at(-1)!;
      assert.ok(longest <= slotsMax && longest > slotsMax - blockSlots, `${windowMs / 1000} s: ${longest} of ${slotsMax} slots`);
    }
  }
});

test('the state of a segment with its three measures takes 2 kB at most, and 3 kB with habits', () => {
  const grid = createTimeGrid(MINUTE);
  const profiles = [profileOf('events', true), profileOf('events', false), profileOf('amounts', true)];
  const bytes = (habits: boolean) =>
    profiles.reduce((sum, profile) => sum + bytesOf(createLayout(grid, profile, profile.form !== 'count', habits, 3)), 0);
  assert.ok(bytes(false) <= 2_000, `${bytes(false)}`);
  assert.ok(bytes(true) <= 3_000, `${bytes(true)}`);
});
