import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../../core/errors.ts';
import { decodeAssignment, encodeSubscription } from './assignment.ts';
import type { TopicMetadata } from './cluster.ts';
import { createLeader } from './leader.ts';

/** Of a cluster with so many partitions in each topic. */
function leaderOf(partitions: Map<string, number>) {
  return createLeader({
    async topic(name) {
      const count = partitions.get(name);
      if (count === undefined) throw new AppError('topic_unknown', name);
      return { leaders: Array.from({ length: count }, () => 0) } as unknown as TopicMetadata;
    },
  });
}

const metadata = encodeSubscription(['raw', 'replay']);

test('deals in the order of the names that stay, whatever the ids of this time', async () => {
  const leader = leaderOf(new Map([['raw', 3]]));
  const dealt = await leader.deal([
    { memberId: 'a-id', groupInstanceId: 'second', metadata },
    { memberId: 'z-id', groupInstanceId: 'first', metadata },
  ]);
  const owned = new Map(dealt.map(({ memberId, assignment }) => [memberId, decodeAssignment(assignment).map((one) => one.partition)]));
  assert.deepEqual(owned.get('z-id'), [0, 2]);
  assert.deepEqual(owned.get('a-id'), [1]);
});

test('notices partitions that were added, and topics that came, as long as it leads', async () => {
  const partitions = new Map([['raw', 3]]);
  const leader = leaderOf(partitions);
  assert.equal(await leader.hasGrown(), false);
  const members = [{ memberId: 'one', metadata }];
  await leader.deal(members);
  assert.equal(await leader.hasGrown(), false);
  partitions.set('raw', 4);
  assert.equal(await leader.hasGrown(), true);
  await leader.deal(members);
  assert.equal(await leader.hasGrown(), false);
  partitions.set('replay', 4);
  assert.equal(await leader.hasGrown(), true);
  leader.stepDown();
  assert.equal(await leader.hasGrown(), false);
});
