import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom } from '../../core/random.ts';
import { createField } from './field.ts';
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
