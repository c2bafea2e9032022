/** What the leader of a group does for all its members: deals the partitions out, and notices when there are more of them. */
import { AppError } from '../../core/errors.ts';
import { assign, decodeSubscription, encodeAssignment } from './assignment.ts';
import type { JoinGroupResponse } from './client.ts';
import type { Cluster } from './cluster.ts';

export interface Leader {
  /** Who gets what, by the partitions that the topics have now; those of a topic that is not there: none. */
  deal(members: JoinGroupResponse['members']): Promise<{ memberId: string; assignment: Buffer }[]>;
  /** Another one leads. */
  stepDown(): void;
  /** Whether a topic has other partitions than were dealt out. False for one who does not lead: the others are not told the counts. */
  hasGrown(): Promise<boolean>;
}

export function createLeader(cluster: Pick<Cluster, 'topic'>): Leader {
  let dealt: ReadonlyMap<string, number> | undefined;

  async function partitionsOf(topic: string): Promise<number> {
    try {
      return (await cluster.topic(topic)).leaders.length;
    } catch (error) {
      if (error instanceof AppError && error.code === 'topic_unknown') return 0;
      throw error;
    }
  }

  async function countPartitions(topics: Iterable<string>): Promise<Map<string, number>> {
    return new Map(await Promise.all([...topics].map(async (topic) => [topic, await partitionsOf(topic)] as const)));
  }

  return {
    async deal(members) {
      // In the order of names that stay, so that a restart changes little.
      const byName = new Map(members.map((each) => [each.groupInstanceId ?? each.memberId, each]));
      const subscribed = new Map([...byName].map(([name, { metadata }]) => [name, decodeSubscription(metadata)]));
      const counts = await countPartitions(new Set([...subscribed.values()].flat()));
      dealt = counts;
      return [...assign(subscribed, (topic) => counts.get(topic) ?? 0)].map(([name, list]) => ({
        memberId: byName.get(name)!.memberId,
        assignment: encodeAssignment(list),
      }));
    },

    stepDown() {
      dealt = undefined;
    },

    async hasGrown() {
      const before = dealt;
      if (!before) return false;
      const now = await countPartitions(before.keys());
      return [...now].some(([topic, count]) => count !== before.get(topic));
    },
  };
}
