import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exceeded, isNewEpisode, LIMIT_QUIET_MS, NEVER_EXCEEDED, restoredEpisode, type LimitEpisode } from './limit-episode.ts';

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

test('of a snapshot that does not say when it was last, an episode lasted to its end', () => {
  const later = (since: number | undefined, last: number | undefined, time: number): number | undefined =>
    exceeded(restoredEpisode(since, last, 3 * HOUR), time).since;
  assert.equal(later(5, undefined, 4 * HOUR), 5);
  assert.equal(later(5, undefined, 4 * HOUR + 1), 4 * HOUR + 1);
  assert.equal(later(5, HOUR, 2 * HOUR + 1), 2 * HOUR + 1);
  assert.deepEqual(restoredEpisode(undefined, undefined, 3 * HOUR), NEVER_EXCEEDED);
});

test('the same episode seen to begin later is no news', () => {
  assert.ok(isNewEpisode(5, undefined));
  assert.ok(!isNewEpisode(undefined, 5));
  assert.ok(!isNewEpisode(5, 5));
  assert.ok(!isNewEpisode(HOUR, 5));
  assert.ok(isNewEpisode(HOUR + 6, 5));
});
