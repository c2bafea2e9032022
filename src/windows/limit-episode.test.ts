import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exceeded, isNewEpisode, LIMIT_QUIET_MS, NEVER_EXCEEDED, type LimitEpisode } from './limit-episode.ts';

const HOUR = LIMIT_QUIET_MS;
const sinces = (times: readonly number[], quietMs?: number): (number | undefined)[] => {
  let episode: LimitEpisode = NEVER_EXCEEDED;
  return times.map((time) => (episode = exceeded(episode, time, quietMs)).since);
};

test('an episode goes on while events are beyond the limit, and begins again after an hour without', () => {
  assert.deepEqual(sinces([5, HOUR, 2 * HOUR, 3 * HOUR + 1]), [5, 5, 5, 3 * HOUR + 1]);
});

test('events that come late do not end or begin one', () => {
  assert.deepEqual(sinces([HOUR, 5, 2 * HOUR, 7, 3 * HOUR]), [HOUR, HOUR, HOUR, HOUR, HOUR]);
});

test('what takes longer to show needs a longer silence', () => {
  assert.deepEqual(sinces([5, 3 * HOUR, 7 * HOUR], 3 * HOUR), [5, 5, 7 * HOUR]);
});

test('state without the last event goes on from the first', () => {
  assert.equal(exceeded({ since: 5, last: undefined }, HOUR).since, 5);
});

test('the same episode seen to begin later is no news', () => {
  assert.ok(isNewEpisode(5, undefined));
  assert.ok(!isNewEpisode(undefined, 5));
  assert.ok(!isNewEpisode(5, 5));
  assert.ok(!isNewEpisode(HOUR, 5));
  assert.ok(isNewEpisode(HOUR + 6, 5));
});
