import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom } from '../../core/random.ts';
import { createHabits, newHabitState } from './habits.ts';

const MINUTE = 60_000;
const DAY = 1_440;

/** Slots that stand for a habit at the end of each day. */
function play(days: number, residual: (minute: number, day: number) => number): { perDay: number[]; at(minute: number): number } {
  const state = newHabitState(DAY);
  const habits = createHabits(state);
  const perDay: number[] = [];
  for (let day = 0; day < days; day++) {
    for (let minute = 0; minute < DAY; minute++) habits.learn((day * DAY + minute) * MINUTE, residual(minute, day), 1);
    perDay.push(state.habits.reduce((sum, habit) => sum + Number(habit !== 0), 0));
  }
  return { perDay, at: (minute) => habits.at(minute * MINUTE) };
}

test('what came on two days at the same minute is expected on the third, by the smaller of the two', () => {
  const job = (minute: number, day: number): number => (minute >= 180 && minute < 185 ? 20 + 10 * day : 0);
  assert.deepEqual(play(1, job).perDay, [0]);
  const { perDay, at } = play(2, job);
  assert.deepEqual(perDay, [0, 5]);
  assert.ok(at(182) > 10 && at(182) <= 20, `${at(182)}`);
});

test('bursts that fall into the same minute by chance are no habit, however often they come', () => {
  for (const share of [0.003, 0.03, 0.2]) {
    const random = createRandom(4);
    const { perDay } = play(40, () => (random.unit() < share ? 50 : 0));
    // Chance is allowed one in fifty days; in the first days the share of bursts is not known well.
    const found = perDay.slice(3).reduce((sum, count) => sum + count, 0);
    assert.ok(found <= 4, `${share}: ${found} habits in ${perDay.length} days`);
  }
});

test('a job in a series that bursts at random takes more days to be believed, and is', () => {
  const random = createRandom(5);
  const { at } = play(8, (minute) => (minute === 180 || random.unit() < 0.03 ? 50 : 0));
  assert.ok(at(180) > 30, `${at(180)}`);
});
