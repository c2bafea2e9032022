/** The way into Kafka: one connection, from which logs and memberships come. */
import { sleep } from '../../core/clock.ts';
import type { Clock } from '../../core/clock.ts';
import type { Logger } from '../../core/logger.ts';
import { createCluster } from './cluster.ts';
import { createFetcher } from './fetch.ts';
import { createGroups } from './groups.ts';
import type { GroupLag, GroupMember } from './groups.ts';
import { createKafkaLog, type KafkaLog } from './kafka-log.ts';
import { openLedger } from './ledger-store.ts';
import { joinGroup } from './membership.ts';
import type { JoinOptions, Membership, MembershipEvents } from './membership.ts';
import { createOffsets } from './offsets.ts';
import { createProducer } from './producer.ts';
import { createTopics } from './topics.ts';
import { createUnpacker } from './unpack/unpacker.ts';
import type { KafkaConfig } from './url.ts';

/** What waits for a broker that does not answer is given up after this when the connection is closed. */
const CLOSE_GRACE_MS = 5_000;

export interface KafkaConnection {
  /**
   * A log whose state and consumers' offsets live in one partition of a compacted topic, which is made if it is not there. Whoever opened
   * it last owns it: all that others still write to it is void, and they get AppError `log_fenced`. With `readOnly` it
   * takes nothing over and shows state and offsets as they were when it was opened; a commit may append records, and nothing else.
   * With `holds` (a `Standing`'s) who may have been replaced neither takes it over nor appends anything: `log_fenced`.
   */
  log(
    ledger: { topic: string; partition: number; partitions?: number },
    options?: { readOnly?: boolean; holds?: (() => Promise<boolean>) | undefined },
  ): Promise<KafkaLog>;
  /** Membership of a consumer group, for who reads what and who is active; reading itself goes through `Log.read`. */
  join(options: JoinOptions, events: MembershipEvents): Promise<Membership>;
  /** Per partition of each topic: the group's offset as Kafka knows it (undefined: none), the end, and how many records lie between. */
  lag(group: string, topics: readonly string[]): Promise<GroupLag[]>;
  /** Who is in the group, and who owns what. */
  members(group: string): Promise<GroupMember[]>;
  /** Leaves all groups, finishes what is being committed, for 5 s at most, and then rejects what still waits (`log_unavailable`). */
  close(): Promise<void>;
}

export interface KafkaDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Asks to stop: ends connecting at once, and all other waiting after 5 s. Without one, connecting is tried once, and everything after that until `close`. */
  readonly signal?: AbortSignal;
  /** As of `JoinOptions`: of every group that this process joins. */
  readonly instanceId?: string;
}

/** @throws AppError `log_unavailable`, `log_refused`, `memory_short` */
export async function connectKafka(config: KafkaConfig, deps: KafkaDeps): Promise<KafkaConnection> {
  const unpacker = createUnpacker();
  const cluster = await createCluster(config, deps);
  const topics = createTopics(cluster, deps.logger);
  const offsets = createOffsets(cluster);
  const groups = createGroups(cluster, offsets);
  const opened = new Set<KafkaLog>();

  /** What is given back may still be committed: so groups first. */
  async function closeInOrder(): Promise<void> {
    await groups.leaveAll();
    await Promise.all([...opened].map((log) => log.close()));
  }

  async function close(): Promise<void> {
    const done = new AbortController();
    await Promise.race([closeInOrder().finally(() => done.abort()), sleep(CLOSE_GRACE_MS, done.signal)]);
    cluster.close();
  }

  return {
    async log(place, { readOnly = false, holds } = {}) {
      const producer = createProducer(cluster);
      const ledger = await openLedger({ ...place, readOnly, holds }, { cluster, topics, offsets, producer, unpacker, clock: deps.clock });
      // What was read ahead goes with the log: a worker that gives partitions back closes theirs.
      const fetcher = createFetcher(cluster, offsets, unpacker);
      const closed = (): void => void opened.delete(log);
      const log = createKafkaLog({ cluster, topics, offsets, fetcher, groups, producer, ledger, holds, clock: deps.clock, closed });
      opened.add(log);
      return log;
    },
    join: (options, events) =>
      joinGroup({ ...(deps.instanceId !== undefined && { instanceId: deps.instanceId }), ...options }, events, {
        cluster,
        groups,
        clock: deps.clock,
      }),
    lag: (group, names) => groups.lag(group, names),
    members: (group) => groups.members(group),
    close,
  };
}
