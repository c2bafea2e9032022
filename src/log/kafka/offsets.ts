/** Where a partition begins and ends, and which offset a time has. */
import { describeLogDirsV1, listOffsetsV7 } from './client.ts';
import type { Cluster } from './cluster.ts';
import { ISOLATION } from './fetch-api.ts';

/** What ListOffsets takes instead of a time. */
const LATEST = -1n;
const EARLIEST = -2n;
const LARGEST_TIME = -3n;

export interface Offsets {
  start(topic: string, partition: number): Promise<number>;
  /** Behind the last record that may be read: open transactions hold it back, unless `uncommitted`. */
  end(topic: string, partition: number, isolation?: 'committed' | 'uncommitted'): Promise<number>;
  /** The first offset with an append time >= `time` (epoch ms). */
  at(topic: string, partition: number, time: number): Promise<number | undefined>;
  /** The largest append time in the partition; undefined: it is empty. */
  largestTime(topic: string, partition: number): Promise<number | undefined>;
  /** Bytes of the partition on its leader's disk; 0 where the user may not know. */
  storedBytes(topic: string, partition: number): Promise<number>;
}

export function createOffsets(cluster: Cluster): Offsets {
  async function list(
    topic: string,
    partition: number,
    timestamp: bigint,
    isolation: 0 | 1,
  ): Promise<{ offset: number; timestamp: number }> {
    return cluster.persist(`read the offsets of ${topic}/${partition}`, async () => {
      const node = await cluster.leader(topic, partition);
      const asked = [{ name: topic, partitions: [{ partitionIndex: partition, currentLeaderEpoch: -1, timestamp }] }];
      try {
        const { topics } = await cluster.call(listOffsetsV7.api, node, [-1, isolation, asked]);
        const found = topics[0]!.partitions[0]!;
        return { offset: Number(found.offset), timestamp: Number(found.timestamp) };
      } catch (error) {
        cluster.forget(topic);
        throw error;
      }
    });
  }

  return {
    start: async (topic, partition) => (await list(topic, partition, EARLIEST, ISOLATION.committed)).offset,
    end: async (topic, partition, isolation = 'committed') => (await list(topic, partition, LATEST, ISOLATION[isolation])).offset,

    async at(topic, partition, time) {
      const { offset } = await list(topic, partition, BigInt(Math.max(0, Math.ceil(time))), ISOLATION.committed);
      return offset === -1 ? undefined : offset;
    },

    async largestTime(topic, partition) {
      const { offset, timestamp } = await list(topic, partition, LARGEST_TIME, ISOLATION.uncommitted);
      return offset === -1 ? undefined : timestamp;
    },

    async storedBytes(topic, partition) {
      try {
        const node = await cluster.leader(topic, partition);
        const { results } = await cluster.call(describeLogDirsV1.api, node, [[{ name: topic, partitions: [partition] }]]);
        const found = results.flatMap((dir) => dir.topics.flatMap((each) => (each.name === topic ? each.partitions : [])));
        return found.reduce((sum, { partitionSize }) => sum + Number(partitionSize), 0);
      } catch {
        return 0; // for people to see only, and many clusters allow it to their operators alone
      }
    },
  };
}
