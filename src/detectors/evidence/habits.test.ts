import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom } from '../../core/random.ts';
import { createField } from './field.ts';
import { noteHabit } from './habits.ts';
import { At, Status } from './layout.ts';
import { createModel } from './model.ts';
import { profileOf } from './profile.ts';

const DAY = 1_440;
const MINUTE = 60_000;
/** Minute of the day at which it jumps, in the middle of a block, and how long for. */
const JUMP = 722;
const JUMP_MINUTES = 30;

test('a habit that is larger on some days than on others does not fade at its edges', () => {
  const profile = profileOf('events', false);
  const watched = { windowMs: MINUTE, hasExposure: false, habits: true, drop: 0.5, rise: 2, falseAlarmsPerDay: 1, tests: 2 };
  const model = createModel({ ...watched, profile });
  const field = createField(model);
  const random = createRandom(5, 1);
  const state = field.bear(model.grid.slotAt(0));
  const jumps: string[] = [];
  const edges: number[] = [];
  for (let minute = 0; minute < 12 * DAY; minute++) {
    const ofDay = minute % DAY;
    const isJump = minute >= DAY && ofDay >= JUMP && ofDay < JUMP + JUMP_MINUTES;
    const slot = model.grid.slotAt(minute);
    field.begin(slot, 1);
    field.enter(state, slot, random.poisson(isJump ? (Math.floor(minute / DAY) % 2 === 0 ? 200 : 320) : 60), 1);
    field.settle();
    field.judge(state, slot, 1, true);
    if (ofDay === JUMP + 10) jumps.push(state.numbers[At.status] === Status.heldRise ? 'held' : 'told');
    const blocks = [JUMP, JUMP + JUMP_MINUTES - 1].map((at) => Math.floor(at / model.grid.blockSlots));
    if (ofDay === DAY - 1) edges.push(Math.min(...blocks.map((block) => state.habits[block]!)));
  }
  assert.deepEqual(jumps.slice(1, 3), ['told', 'told']);
  assert.deepEqual([...new Set(jumps.slice(3))], ['held']);
  // Of the last block two fifths are in it: 32 ln 1.9 on one day, 32 ln 2.7 on the next.
  assert.ok(Math.min(...edges.slice(4)) > 32 * Math.log(2), edges.join(' '));
});

test('what begins as every day and goes beyond it is told, when it does', () => {
  const profile = profileOf('events', false);
  const watched = { windowMs: MINUTE, hasExposure: false, habits: true, drop: 0.5, rise: 2, falseAlarmsPerDay: 1, tests: 2 };
  const model = createModel({ ...watched, profile });
  const field = createField(model);
  const random = createRandom(7, 1);
  const state = field.bear(model.grid.slotAt(0));
  const statuses: number[] = [];
  const last = 7;
  for (let minute = 0; minute < (last + 1) * DAY; minute++) {
    const [day, ofDay] = [Math.floor(minute / DAY), minute % DAY];
    const isJump = day > 0 && ofDay >= JUMP && ofDay < JUMP + JUMP_MINUTES;
    const isBreak = day === last && isJump && ofDay >= JUMP + 10;
    const slot = model.grid.slotAt(minute);
    field.begin(slot, 1);
    field.enter(state, slot, random.poisson(isBreak ? 900 : isJump ? 240 : 60), 1);
    field.settle();
    field.judge(state, slot, 1, true);
    if (day === last && isJump) statuses.push(state.numbers[At.status]!);
  }
  assert.deepEqual(new Set(statuses.slice(2, 10)), new Set([Status.heldRise]));
  assert.ok(statuses.indexOf(Status.rise) >= 10 && statuses.indexOf(Status.rise) < 15, statuses.join(' '));
});

test('of what rang on two days the mean is a habit, and stays one on a third; of what is not alike the smaller', () => {
  const profile = profileOf('events', false);
  const model = createModel({
    windowMs: MINUTE,
    hasExposure: false,
    habits: true,
    drop: 0.5,
    rise: 2,
    falseAlarmsPerDay: 1,
    tests: 2,
    profile,
  });
  const { habitSlots, habitDelay } = model.grid;
  const known = (...ratios: readonly number[]): number => {
    const state = createField(model).bear(0);
    ratios.forEach((ratio, day) => {
      const told = { seen: 10_000 * ratio, expected: 10_000, noise: 1e-4, isTold: true };
      for (const block of [0, habitDelay]) noteHabit(state, model, day * habitSlots + block, told);
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
