import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom } from '../../core/random.ts';
import { createField } from './field.ts';
import type { Field } from './field.ts';
import { noteHabit } from './habits.ts';
import { At, Status } from './layout.ts';
import type { SeriesState } from './layout.ts';
import { createModel } from './model.ts';
import { profileOf } from './profile.ts';

const DAY = 1_440;
const MINUTE = 60_000;
/** Minute of the day at which it jumps, in the middle of a block, and how long for. */
const JUMP = 722;
const JUMP_MINUTES = 30;

interface Minute {
  readonly day: number;
  readonly ofDay: number;
  readonly isJump: boolean;
}

const watched = { windowMs: MINUTE, hasExposure: false, habits: true, drop: 0.5, rise: 2, falseAlarmsPerDay: 1, tests: 2 };
const model = createModel({ ...watched, profile: profileOf('events', false) });

/** One series by the minute, 60 events in each but for a jump of `height` a day, from the second day on; `look` at its state after each. */
function live(
  days: number,
  seed: number,
  height: (day: number, ofDay: number) => number,
  look: (state: SeriesState, at: Minute, field: Field) => void,
): void {
  const field = createField(model);
  const random = createRandom(seed, 1);
  const state = field.bear(model.grid.slotAt(0));
  for (let minute = 0; minute < days * DAY; minute++) {
    const [day, ofDay] = [Math.floor(minute / DAY), minute % DAY];
    const isJump = day > 0 && ofDay >= JUMP && ofDay < JUMP + JUMP_MINUTES;
    const slot = model.grid.slotAt(minute);
    field.begin(slot, 1);
    field.enter(state, slot, random.poisson(isJump ? height(day, ofDay) : 60), 1);
    field.settle();
    field.judge(state, slot, 1, true);
    look(state, { day, ofDay, isJump }, field);
  }
}

test('a habit that is larger on some days than on others does not fade at its edges', () => {
  const jumps: string[] = [];
  const edges: number[] = [];
  const ofEdges = [JUMP, JUMP + JUMP_MINUTES - 1].map((at) => Math.floor(at / model.grid.blockSlots));
  const height = (day: number): number => (day % 2 === 0 ? 200 : 320);
  live(12, 5, height, ({ numbers, habits }, { ofDay }) => {
    if (ofDay === JUMP + 10) jumps.push(numbers[At.status] === Status.heldRise ? 'held' : 'told');
    if (ofDay === DAY - 1) edges.push(Math.min(...ofEdges.map((block) => habits[block]!)));
  });
  assert.deepEqual(jumps.slice(1, 3), ['told', 'told']);
  assert.deepEqual([...new Set(jumps.slice(3))], ['held']);
  // Of the last block two fifths are in it: 32 ln 1.9 on one day, 32 ln 2.7 on the next.
  assert.ok(Math.min(...edges.slice(4)) > 32 * Math.log(2), edges.join(' '));
});

test('what begins as every day and goes beyond it is told, when it does', () => {
  const last = 7;
  const statuses: number[] = [];
  const height = (day: number, ofDay: number): number => (day === last && ofDay >= JUMP + 10 ? 900 : 240);
  live(last + 1, 7, height, ({ numbers }, { day, isJump }) => {
    if (day === last && isJump) statuses.push(numbers[At.status]!);
  });
  assert.deepEqual(new Set(statuses.slice(2, 10)), new Set([Status.heldRise]));
  assert.ok(statuses.indexOf(Status.rise) >= 10 && statuses.indexOf(Status.rise) < 15, statuses.join(' '));
});

test('whether what is held is still a habit is asked of all of it, its first minute too', () => {
  live(
    1,
    3,
    () => 60,
    (state, { ofDay }, field) => {
      if (ofDay < DAY - 1) return;
      const { numbers } = state;
      const { grid, layout } = model;
      for (let ago = 0; ago < 3; ago++) numbers[layout.recentSeen + ((grid.slotAt(ofDay) - ago) % grid.recent)] = 240;
      numbers[At.status] = Status.heldRise;
      numbers[At.onSlots] = 0;
      numbers[At.rangSlots] = 3;
      field.begin(grid.slotAt(DAY), 1);
      field.enter(state, grid.slotAt(DAY), 240, 1);
      field.judge(state, grid.slotAt(DAY), 1, true);
      assert.equal(field.scan.rise.slots, 4);
    },
  );
});

test('what has been held for longer than an hour and goes far beyond the habit is told, whatever the size of the windows', () => {
  for (const windowMs of [25_000, 40_000, 45_000, MINUTE, 90_000, 100_000, 5 * MINUTE]) {
    const other = createModel({ ...watched, windowMs, profile: profileOf('events', false) });
    const { grid } = other;
    const field = createField(other);
    const state = field.bear(grid.slotAt(0));
    const random = createRandom(3, 1);
    const enter = (slot: number, mean: number): void => {
      field.begin(slot, 1);
      field.enter(state, slot, random.poisson(mean), 1);
      field.settle();
      field.judge(state, slot, 1, true);
    };
    const first = grid.slotAt(0);
    const calm = first + Math.ceil(DAY / grid.slotMinutes);
    for (let slot = first; slot < calm; slot++) enter(slot, 60);
    for (let slot = calm; slot < calm + grid.blockSlots; slot++) {
      state.numbers[At.status] = Status.heldRise;
      state.numbers[At.onSlots] = grid.slotsMax;
      state.numbers[At.rangSlots] = 3;
      enter(slot, 900);
      assert.equal(state.numbers[At.status], Status.rise, `windows of ${windowMs / 1000} seconds, slot ${slot - calm}`);
    }
  }
});

test('of what rang on two days the mean is a habit, and stays one on a third; of what is not alike the smaller', () => {
  const { habitSlots, habitDelay } = model.grid;
  const known = (...ratios: readonly number[]): number => {
    const state = createField(model).bear(0);
    ratios.forEach((ratio, day) => {
      const seen = { seen: 10_000 * ratio, expected: 10_000, noise: 1e-4 };
      for (const block of [0, habitDelay]) noteHabit(state, model, day * habitSlots + block, seen, true);
    });
    return state.habits[0]!;
  };
  const logs = (ratio: number): number => 32 * Math.log(ratio);
  const near = (habit: number, ratio: number): void =>
    assert.ok(habit % 2 === 0 && Math.abs(habit - logs(ratio)) <= 2, `${habit}, ${logs(ratio)}`);
  near(known(2, 3), Math.sqrt(6));
  near(known(2, 3, 2), Math.sqrt(Math.sqrt(6) * 2));
  near(known(8, 2), 2);
  assert.ok(known(2) % 2 !== 0, 'one day is none');
});
