/** Consumer groups as others see them: offsets passed on to their coordinator, lag, members. */
import { sleep } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import type { CommitUnit } from '../log.ts';
import { describeGroupsV5, findCoordinatorV4, offsetCommitV8, offsetFetchV8, type API } from './client.ts';
import { mayPass } from './errors.ts';
import { decodeAssignment } from './assignment.ts';
import type { Assigned } from './assignment.ts';
import type { Cluster } from './cluster.ts';
import type { Offsets } from './offsets.ts';

const GROUP = 0;
/** Kafka's own record of offsets is for people and their tools: once a second is enough. */
const TELL_EVERY_MS = 1_000;
const TELL_AGAIN_MS = 100;

export interface GroupLag {
  readonly topic: string;
  readonly partition: number;
  /** The next offset that the group reads; undefined: it has committed none. */
  readonly offset: number | undefined;
  readonly end: number;
  /** Records not read yet; all that are there where the group has committed no offset. */
  readonly lag: number;
}

export interface GroupMember {
  readonly memberId: string;
  readonly instanceId?: string;
  readonly host: string;
  readonly assigned: readonly Assigned[];
}

/** Who commits for a group that has members: Kafka takes offsets from them alone. */
export interface Identity {
  readonly memberId: string;
  readonly generation: number;
  readonly instanceId: string | null;
}

type Changed = NonNullable<CommitUnit['offsets']>;

export interface Groups {
  /** Calls an API at the group's coordinator, which is looked for anew after an error. `lane`: as of `Cluster.call`. */
  call<A extends unknown[], R>(group: string, api: API<A, R>, args: A, lane?: string): Promise<R>;
  /** Passes offsets on to Kafka's own coordinator, so that its tools show them; soon, and without a promise. */
  tell(offsets: Changed): void;
  flush(): Promise<void>;
  identify(group: string, identity: Identity | undefined): void;
  /** Has `leave` called when the connection is closed; to be undone with what it returns. */
  onClose(leave: () => Promise<void>): () => void;
  leaveAll(): Promise<void>;
  lag(group: string, topics: readonly string[]): Promise<GroupLag[]>;
  members(group: string): Promise<GroupMember[]>;
}

function nameOf({ group, topic, partition }: Changed[number]): string {
  return JSON.stringify([group, topic, partition]);
}

export function createGroups(cluster: Cluster, offsets: Offsets): Groups {
  const coordinators = new Map<string, number>();
  const identities = new Map<string, Identity>();
  const leaving = new Set<() => Promise<void>>();
  /** Offsets that Kafka has not been told, by group, topic and partition. */
  let untold = new Map<string, Changed[number]>();
  let timer: NodeJS.Timeout | undefined;
  let telling: Promise<unknown> = Promise.resolve();

  async function coordinatorOf(group: string): Promise<number> {
    const known = coordinators.get(group);
    if (known !== undefined) return known;
    const { coordinators: found } = await cluster.call(findCoordinatorV4.api, 'any', [GROUP, [group]]);
    const node = found[0]?.nodeId ?? -1;
    if (node === -1)
      throw new AppError('log_unavailable', `${cluster.config.shown}: group ${group} has no coordinator.`, { retryable: true });
    coordinators.set(group, node);
    return node;
  }

  async function call<A extends unknown[], R>(group: string, api: API<A, R>, args: A, lane?: string): Promise<R> {
    try {
      return await cluster.call(api, await coordinatorOf(group), args, lane);
    } catch (error) {
      coordinators.delete(group);
      throw error;
    }
  }

  /** One at a time: what a refused one puts back is seen by the next. */
  function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    const flushing = telling.then(tellNow);
    telling = flushing;
    return flushing;
  }

  async function tellNow(): Promise<void> {
    const told = Map.groupBy(untold.values(), ({ group }) => group);
    untold = new Map();
    await Promise.all(
      [...told].map(async ([group, changed]) => {
        const { memberId = '', generation = -1, instanceId = null } = identities.get(group) ?? {};
        const topics = [...Map.groupBy(changed, ({ topic }) => topic)].map(([name, all]) => ({
          name,
          partitions: all.map(({ partition, offset }) => ({
            partitionIndex: partition,
            committedOffset: BigInt(offset ?? -1),
            committedLeaderEpoch: -1,
            committedMetadata: null,
          })),
        }));
        try {
          await call(group, offsetCommitV8.api, [group, generation, memberId, instanceId, topics]);
        } catch (error) {
          // What counts is in the ledger. Where Kafka refuses (a rebalance, no permission) the next commit tells more.
          if (mayPass(error) && !cluster.signal.aborted) tell(changed.filter((one) => !untold.has(nameOf(one))));
        }
      }),
    );
  }

  function tell(changed: Changed): void {
    for (const one of changed) {
      if (one.offset !== null) untold.set(nameOf(one), one);
    }
    if (untold.size > 0) timer ??= setTimeout(() => void flush(), TELL_EVERY_MS).unref();
  }

  async function committed(group: string, topics: readonly string[]): Promise<Map<string, number>> {
    const asked = await Promise.all(
      topics.map(async (name) => ({ name, partitionIndexes: (await cluster.topic(name)).leaders.map((_, partition) => partition) })),
    );
    const { groups } = await cluster.persist(`read the offsets of group ${group}`, () =>
      call(group, offsetFetchV8.api, [[{ groupId: group, memberId: null, memberEpoch: -1, topics: asked }], false]),
    );
    const found = groups.flatMap((each) => each.topics.flatMap(({ name, partitions }) => partitions.map((one) => ({ name, ...one }))));
    return new Map(found.map(({ name, partitionIndex, committedOffset }) => [`${name}/${partitionIndex}`, Number(committedOffset)]));
  }

  return {
    call,
    tell,
    flush,

    identify(group, identity) {
      if (identity) identities.set(group, identity);
      else identities.delete(group);
    },

    onClose(leave) {
      leaving.add(leave);
      return () => void leaving.delete(leave);
    },

    async leaveAll() {
      // A broker that has just come back has no coordinator for a moment: the caller bounds how long it may take.
      for (await flush(); untold.size > 0 && !cluster.signal.aborted; await flush()) await sleep(TELL_AGAIN_MS, cluster.signal);
      await Promise.allSettled([...leaving].map((leave) => leave()));
    },

    async lag(group, topics) {
      const known = await committed(group, topics);
      const partitions = await Promise.all(
        topics.map(async (topic) => (await cluster.topic(topic)).leaders.map((_, partition) => ({ topic, partition }))),
      );
      return Promise.all(
        partitions.flat().map(async ({ topic, partition }) => {
          const found = known.get(`${topic}/${partition}`) ?? -1;
          const end = await offsets.end(topic, partition);
          const from = found === -1 ? await offsets.start(topic, partition) : found;
          return { topic, partition, offset: found === -1 ? undefined : found, end, lag: Math.max(0, end - from) };
        }),
      );
    },

    async members(group) {
      const { groups } = await cluster.persist(`describe group ${group}`, () => call(group, describeGroupsV5.api, [[group], false]));
      const found = groups.flatMap(({ members }) => members);
      return found.map(({ memberId, groupInstanceId, clientHost, memberAssignment }) => ({
        memberId,
        ...(typeof groupInstanceId === 'string' && { instanceId: groupInstanceId }),
        host: clientHost.replace(/^\//, ''),
        assigned: decodeAssignment(memberAssignment),
      }));
    },
  };
}
