/** A member of a consumer group: joins, is heard of, gives back, loses what it owns. */
import { randomUUID } from 'node:crypto';
import { heartbeatV4, joinGroupV7, leaveGroupV4, syncGroupV5 } from '@platformatic/kafka';
import type { API } from '@platformatic/kafka';
import type { Clock } from '../../core/clock.ts';
import { sleep } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import { assign, decodeAssignment, decodeSubscription, encodeAssignment, encodeSubscription } from './assignment.ts';
import type { Assigned } from './assignment.ts';
import type { Cluster } from './cluster.ts';
import { explainKafkaError, kafkaErrorIds, mayPass } from './errors.ts';
import type { Groups } from './groups.ts';
import { createStanding, LOST } from './standing.ts';
import type { Standing } from './standing.ts';

const PROTOCOL_TYPE = 'consumer';
const PROTOCOL = 'tocsin';
/** How long the others wait for a member that gives its partitions back. Below the time-out of a request, as the answer to a join takes as long. */
const REBALANCE_TIMEOUT_MS = 20_000;
const MAX_HEARTBEAT_MS = 3_000;
const RETRY_MS = 100;

export interface JoinOptions {
  readonly group: string;
  readonly topics: readonly string[];
  /** A member that is silent for so long loses what it owns; Kafka allows 6 s to 30 min unless told otherwise. */
  readonly sessionTimeoutMs: number;
  /** A name that stays the same over restarts: one who is back within the session goes on with what it owned, without a rebalance. */
  readonly instanceId?: string;
}

export interface MembershipEvents {
  /** What this member owns from now on, all of it; empty for a stand-by. The generation grows with every rebalance of the group. */
  onAssigned(assigned: readonly Assigned[], generation: number, standing: Standing): Promise<void> | void;
  /** Give all of it back: nobody else gets it before this has settled (or 20 s have gone by). */
  onRevoked(assigned: readonly Assigned[]): Promise<void> | void;
  /** What was owned is lost already, others may have it. `onAssigned` follows when the member has joined again. */
  onLost(): Promise<void> | void;
}

export interface Membership {
  /** Gives everything back and leaves. One with an `instanceId` is not taken off the group: its place is kept until its session ends. */
  leave(): Promise<void>;
  /** Settles when the membership is over; rejects when that was not by `leave`. */
  readonly ended: Promise<void>;
}

interface MembershipDeps {
  readonly cluster: Cluster;
  readonly groups: Groups;
  readonly clock: Clock;
}

/**
 * Joins a group, by the classic protocol, and stays in it until `leave`. Resolves with the first assignment told.
 * @throws AppError `log_refused`, `log_unavailable`, `log_fenced` where another one came with the same `instanceId`
 */
export async function joinGroup(options: JoinOptions, events: MembershipEvents, deps: MembershipDeps): Promise<Membership> {
  const { group, topics, sessionTimeoutMs } = options;
  const { cluster, groups, clock } = deps;
  const instanceId = options.instanceId ?? null;
  const heartbeatMs = Math.min(MAX_HEARTBEAT_MS, sessionTimeoutMs / 3);
  const leaving = new AbortController();
  const stop = AbortSignal.any([leaving.signal, cluster.signal]);
  const joined = Promise.withResolvers<void>();
  // The coordinator holds the answer to one who joins back, and with it all that comes after it on that connection.
  const lane = `member ${randomUUID()}`;
  let memberId = '';
  let generation = -1;
  let heardAt = 0;
  /** As of `StandingDeps`. */
  let provenAt = 0;
  let losing = new AbortController();
  /** Partition counts that the leader went by, and the others are not told. */
  let counted: ReadonlyMap<string, number> | undefined;

  function ask<A extends unknown[], R>(api: API<A, R>, args: A): Promise<R> {
    return groups.call(group, api, args, lane);
  }

  async function partitionsOf(topic: string): Promise<number> {
    try {
      return (await cluster.topic(topic)).leaders.length;
    } catch (error) {
      if (error instanceof AppError && error.code === 'topic_unknown') return 0;
      throw error;
    }
  }

  async function countPartitions(names: Iterable<string>): Promise<Map<string, number>> {
    return new Map(await Promise.all([...names].map(async (name) => [name, await partitionsOf(name)] as const)));
  }

  async function join(): Promise<joinGroupV7.JoinGroupResponse> {
    const protocols = [{ name: PROTOCOL, metadata: encodeSubscription(topics) }];
    try {
      return await ask(joinGroupV7.api, [group, sessionTimeoutMs, REBALANCE_TIMEOUT_MS, memberId, instanceId, PROTOCOL_TYPE, protocols]);
    } catch (error) {
      const ids = kafkaErrorIds(error);
      if (ids.includes('MEMBER_ID_REQUIRED')) {
        memberId = (error as { response?: joinGroupV7.JoinGroupResponse }).response?.memberId ?? '';
        return join();
      }
      if (ids.includes('INVALID_SESSION_TIMEOUT')) {
        const says = `a session of ${sessionTimeoutMs} ms is outside of what the broker allows`;
        throw new AppError(
          'log_refused',
          `${cluster.config.shown}: ${says} (group.min.session.timeout.ms, group.max.session.timeout.ms).`,
          { cause: error },
        );
      }
      throw error;
    }
  }

  /** As the leader: who gets what. */
  async function decide({ members }: joinGroupV7.JoinGroupResponse): Promise<{ memberId: string; assignment: Buffer }[]> {
    // In the order of names that stay, so that a restart changes little.
    const byName = new Map(members.map((each) => [each.groupInstanceId ?? each.memberId, each]));
    const subscribed = new Map([...byName].map(([name, { metadata }]) => [name, decodeSubscription(metadata)]));
    const counts = await countPartitions(new Set([...subscribed.values()].flat()));
    counted = counts;
    return [...assign(subscribed, (topic) => counts.get(topic) ?? 0)].map(([name, list]) => ({
      memberId: byName.get(name)!.memberId,
      assignment: encodeAssignment(list),
    }));
  }

  async function joinAndSync(): Promise<Assigned[]> {
    counted = undefined;
    const response = await join();
    memberId = response.memberId;
    generation = response.generationId;
    const assignments = response.leader === memberId ? await decide(response) : [];
    const args = [group, generation, memberId, instanceId, PROTOCOL_TYPE, PROTOCOL, assignments] as Parameters<
      typeof syncGroupV5.createRequest
    >;
    const sentAt = clock.elapsed();
    const { assignment } = await ask(syncGroupV5.api, args);
    heardAt = clock.elapsed();
    provenAt = sentAt;
    groups.identify(group, { memberId, generation, instanceId });
    return decodeAssignment(assignment);
  }

  async function hasGrown(): Promise<boolean> {
    if (!counted) return false;
    const now = await countPartitions(counted.keys());
    return [...now].some(([topic, count]) => count !== counted!.get(topic));
  }

  /** An answer that tells to join again is one from which the session counts, too. */
  async function sendHeartbeat(): Promise<void> {
    const [sentAt, asWhom] = [clock.elapsed(), generation];
    const proven = (): void => {
      if (asWhom === generation) provenAt = Math.max(provenAt, sentAt);
    };
    try {
      await ask(heartbeatV4.api, [group, generation, memberId, instanceId]);
      proven();
    } catch (error) {
      if (kafkaErrorIds(error).includes('REBALANCE_IN_PROGRESS')) proven();
      throw error;
    }
  }

  function standingNow(): Standing {
    const mine = generation;
    const isOver = (): boolean => generation !== mine || cluster.signal.aborted;
    return createStanding({ clock, sessionTimeoutMs, provenAt: () => provenAt, heartbeat: sendHeartbeat, isOver, lost: losing.signal });
  }

  /** False when the session is over before the coordinator has answered: one that stands still may never do so. */
  async function isHeard(until: AbortSignal): Promise<boolean> {
    const done = new AbortController();
    const answer = sendHeartbeat().then(() => true);
    const leftMs = heardAt + sessionTimeoutMs - clock.elapsed();
    const late = sleep(leftMs + 1, AbortSignal.any([until, done.signal])).then(() => undefined);
    answer.catch(() => {});
    try {
      return (await Promise.race([answer, late])) !== undefined;
    } finally {
      done.abort();
    }
  }

  /** Keeps the session alive until the group changes, this member is lost, or `until` says so. `stubborn`: through a rebalance. */
  async function beat(until: AbortSignal, stubborn = false): Promise<'rebalance' | 'lost' | 'stopped'> {
    for (;;) {
      await sleep(heartbeatMs, until);
      if (until.aborted) return 'stopped';
      // A process that stood still finds out here, before it does anything else.
      if (clock.elapsed() - heardAt > sessionTimeoutMs) return 'lost';
      try {
        if (!(await isHeard(until))) return until.aborted ? 'stopped' : 'lost';
        heardAt = clock.elapsed();
        if (!stubborn && (await hasGrown())) return 'rebalance';
      } catch (error) {
        const ids = kafkaErrorIds(error);
        if (ids.includes('REBALANCE_IN_PROGRESS')) {
          heardAt = clock.elapsed();
          if (!stubborn) return 'rebalance';
        } else if (ids.some((id) => LOST.has(id))) return 'lost';
        else if (!mayPass(error)) throw error;
      }
    }
  }

  /** Gives everything back, and stays a member meanwhile. */
  async function giveBack(owned: readonly Assigned[]): Promise<void> {
    const done = new AbortController();
    const beating = beat(done.signal, true).catch(() => 'lost' as const);
    try {
      await events.onRevoked(owned);
    } finally {
      done.abort();
      await beating;
    }
  }

  async function loseAll(): Promise<void> {
    groups.identify(group, undefined);
    memberId = '';
    generation = -1;
    losing.abort();
    losing = new AbortController();
    await events.onLost();
  }

  /** One stay in the group, from joining to the next rebalance. */
  async function stay(): Promise<void> {
    const owned = await joinAndSync();
    const over = new AbortController();
    const beating = beat(AbortSignal.any([stop, over.signal]));
    beating.catch(() => {});
    try {
      await events.onAssigned(owned, generation, standingNow());
      joined.resolve();
      if ((await beating) === 'lost') await loseAll();
      else await giveBack(owned);
    } finally {
      over.abort();
    }
  }

  function explainFencing(error: unknown): unknown {
    if (!kafkaErrorIds(error).includes('FENCED_INSTANCE_ID'))
      return explainKafkaError(error, cluster.config.shown, `be a member of group ${group}`);
    const says = `another process is in group ${group} under the name ${instanceId} and has taken over. Give each its own --instance-id.`;
    return new AppError('log_fenced', `${cluster.config.shown}: ${says}`, { cause: error });
  }

  async function run(): Promise<void> {
    while (!stop.aborted) {
      try {
        await stay();
      } catch (error) {
        const ids = kafkaErrorIds(error);
        if (ids.some((id) => LOST.has(id))) await loseAll();
        else if (!ids.includes('REBALANCE_IN_PROGRESS')) {
          if (!mayPass(error)) throw explainFencing(error);
          await sleep(RETRY_MS, stop);
        }
      }
    }
  }

  async function sayGoodbye(): Promise<void> {
    groups.identify(group, undefined);
    if (memberId === '' || instanceId !== null) return;
    await ask(leaveGroupV4.api, [group, [{ memberId, groupInstanceId: null }]]).catch(() => {}); // the session ends by itself
  }

  const ended = run().finally(() => undo());
  ended.catch(joined.reject);
  ended.then(joined.resolve, () => {});

  async function leave(): Promise<void> {
    leaving.abort();
    await ended.catch(() => {});
    await groups.flush();
    await sayGoodbye();
  }

  const undo = groups.onClose(leave);
  await joined.promise;
  return { leave, ended };
}
