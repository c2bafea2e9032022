import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPriorities } from './priorities.ts';

test('while a pipeline of higher priority is behind the others read a batch a second, and all again when it has caught up', () => {
  let now = 0;
  const priorities = createPriorities({ clock: { elapsed: () => now } });
  const [high, low, equal] = [priorities.lane(5), priorities.lane(0), priorities.lane(5)];
  const turnsOf = (lane: typeof low): number => {
    let turns = 0;
    for (const end = now + 10_000; now < end; now += 10) turns += Number(lane.mayRead());
    return turns;
  };
  assert.equal(turnsOf(low), 1_000);
  high.behind(1_000_000);
  assert.equal(turnsOf(low), 10);
  assert.ok(low.givesWay());
  assert.equal(turnsOf(high), 1_000);
  assert.equal(turnsOf(equal), 1_000, 'equals read in turn');
  low.behind(9_000_000);
  assert.equal(turnsOf(high), 1_000, 'nobody waits for a lower one');
  high.behind(10);
  assert.equal(turnsOf(low), 1_000);
  high.behind(1_000_000);
  high.leave();
  assert.equal(turnsOf(low), 1_000, 'one that has ended holds nobody up');
});
