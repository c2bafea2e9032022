/** A member of a consumer group: joins, is heard of, gives back, loses what it owns. */
import type { Clock } from '../../core/clock.ts';
import { sleep } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import type { Assigned } from './assignment.ts';
import type { Cluster } from './cluster.ts';
import { explainKafkaError, kafkaErrorIds, mayPass } from './errors.ts';
import { createGroupSession } from './group-session.ts';
import type { Groups } from './groups.ts';
import { createHeart, type Heart } from './heart.ts';
import { createLeader } from './leader.ts';
import { createStanding, LOST } from './standing.ts';
import type { Standing } from './standing.ts';

const RETRY_MS = 100;

export interface JoinOptions {
  readonly group: string;
  readonly topics: readonly string[];
  /** A member that is silent for so long loses what it owns; Kafka allows 6 s to 30 min unless told otherwise. */
  readonly sessionTimeoutMs: number;
  /** A name that stays the same over restarts: one who is back within the session goes on with what it owned, without a rebalance. */
  readonly instanceId?: string;
  /** Who is asked to stop before it has joined waits for the others no longer; from then on `leave` ends the membership. */
  readonly signal?: AbortSignal;
}

export interface MembershipEvents {
  /**
   * What this member owns from now on, all of it; empty for a stand-by. The generation grows with every rebalance of the group; the next one
   * waits until this has settled (for 5 min at most).
   */
  onAssigned(assigned: readonly Assigned[], generation: number, standing: Standing): Promise<void> | void;
  /** Give all of it back: nobody else gets it before this has settled (or 5 min have gone by). */
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
  const { group, topics, sessionTimeoutMs, instanceId = null } = options;
  const { cluster, groups, clock } = deps;
  const { shown } = cluster.config;
  const doing = `be a member of group ${group}`;
  const leaving = new AbortController();
  const stop = AbortSignal.any([leaving.signal, cluster.signal]);
  const joined = Promise.withResolvers<void>();
  const giveUp = (): void => leaving.abort();
  if (options.signal?.aborted) giveUp();
  options.signal?.addEventListener('abort', giveUp, { once: true });
  const leader = createLeader(cluster);
  const session = createGroupSession({ group, topics, sessionTimeoutMs, instanceId, shown }, { groups, leader, clock });
  let losing = new AbortController();

  function standingNow(): Standing {
    const mine = session.generation;
    return createStanding({
      clock,
      sessionTimeoutMs,
      provenAt: () => session.provenAt,
      heartbeat: session.heartbeat,
      isOver: () => session.generation !== mine || cluster.signal.aborted,
      lost: losing.signal,
    });
  }

  /** Stays a member while `work` goes on, through a rebalance too; resolves to how that ended, rejects as `Heart.beat` does. */
  async function staying(heart: Heart, work: () => Promise<void> | void): ReturnType<Heart['beat']> {
    const done = new AbortController();
    const beating = heart.beat(done.signal, true);
    beating.catch(() => {});
    try {
      await work();
    } finally {
      done.abort();
    }
    return beating;
  }

  async function loseAll(): Promise<void> {
    session.forget();
    losing.abort();
    losing = new AbortController();
    await events.onLost();
  }

  /** Undefined: asked to stop while the group still waits for others. */
  async function joinUnlessStopped(): Promise<Assigned[] | undefined> {
    const stopped = Promise.withResolvers<undefined>();
    const onStop = (): void => stopped.resolve(undefined);
    stop.addEventListener('abort', onStop, { once: true });
    const joining = cluster.persist(doing, session.join, stop);
    joining.catch(() => {});
    try {
      return await Promise.race([joining, stopped.promise]);
    } finally {
      stop.removeEventListener('abort', onStop);
    }
  }

  /** One stay in the group, from joining to the next rebalance. */
  async function stay(): Promise<void> {
    const owned = await joinUnlessStopped();
    if (!owned) return;
    const heart = createHeart({ clock, sessionTimeoutMs, heartbeat: session.heartbeat, hasGrown: leader.hasGrown });
    let end = await staying(heart, () => events.onAssigned(owned, session.generation, standingNow()));
    joined.resolve();
    if (end !== 'lost') end = await heart.beat(stop);
    if (end === 'lost') await loseAll();
    else await staying(heart, () => events.onRevoked(owned));
  }

  function explainFencing(error: unknown): unknown {
    if (!kafkaErrorIds(error).includes('FENCED_INSTANCE_ID')) return explainKafkaError(error, shown, doing);
    const says = `another process is in group ${group} under the name ${instanceId} and has taken over. Give each its own --instance-id.`;
    return new AppError('log_fenced', `${shown}: ${says}`, { cause: error });
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

  const ended = run().finally(() => undo());
  ended.catch(joined.reject);
  ended.then(joined.resolve, () => {});

  async function leave(): Promise<void> {
    leaving.abort();
    await ended.catch(() => {});
    await groups.flush();
    await session.leave().catch(() => {}); // the session ends by itself
  }

  const undo = groups.onClose(leave);
  try {
    await joined.promise;
  } finally {
    options.signal?.removeEventListener('abort', giveUp);
  }
  return { leave, ended };
}
