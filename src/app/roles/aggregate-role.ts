/** The aggregations of the input partitions that this process owns, as a member of the pipeline's group. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { sleep, type Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import { createBreath } from '../../core/slices.ts';
import type { Logger } from '../../core/logger.ts';
import type { StateChange } from '../../log/log.ts';
import type { KafkaConnection } from '../../log/kafka/connection.ts';
import type { Standing } from '../../log/kafka/standing.ts';
import type { AggregateStage } from '../../pipeline/aggregate/aggregate-stage.ts';
import { stepAll } from '../../pipeline/step-all.ts';
import { beginsAgain } from '../threads/threads.ts';
import { createTurns } from './turns.ts';
import { createWait } from './wait-for-others.ts';

export interface AggregateRoleConfig {
  /** The pipeline's name. */
  readonly group: string;
  readonly topics: readonly string[];
  /** All input partitions. */
  readonly partitions: number;
  readonly sessionTimeoutMs: number;
  readonly commitEveryMs: number;
  /** Return when all partitions are read to their end: here, or in part by others who keep some of them. */
  readonly once: boolean;
}

export interface AggregateRoleDeps {
  readonly connection: Pick<KafkaConnection, 'join'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Takes the partition over. `holds`: whether it is still ours by the group. */
  readonly open: (topic: string, partition: number, holds: () => Promise<boolean>) => Promise<OwnedStage>;
  /** Told of every reading: whether all partitions are to be closed and opened again, because that puts them elsewhere. */
  readonly isTimeToMove: (read: number) => boolean;
  /** State to note with the next commit. */
  readonly state: () => readonly StateChange[];
  /** More is on its way (an input is still read): the end is not reached. */
  readonly moreToCome: () => boolean;
  /** With `once`: records before this run's ends that no member of the group has committed yet. */
  readonly unread: () => Promise<number>;
}

interface Place {
  readonly topic: string;
  readonly partition: number;
}

interface Owned extends Place {
  readonly stage: OwnedStage;
}

export interface OwnedStage extends AggregateStage {
  /** Lets go of the aggregation and of the log view. */
  close(): Promise<void>;
}

const POLL_MS = 20;
/**
 * Who has read all there is tells it sooner than after `commitEveryMs`: somebody may be waiting for a bell. After this part of it, and
 * so that telling takes at most so large a share of the time: with thousands of segments it costs something here and at the monitor.
 */
const CAUGHT_UP_PART = 0.25;
const TELLING_SHARE = 0.2;
/** Dead letters wait for a commit up to here. */
const PENDING_BYTES_MAX = 8 << 20;
/** A partition that another has taken over is taken back after this, where the group still says that it is ours. */
const AGAIN_MS = 1_000;

/**
 * Until the signal, or (`once`) until everything was read and told. `byOthers`: not all of it here, as others keep partitions.
 * @throws AppError `log_refused` where others keep partitions, and do not get on with them
 */
export async function runAggregates(
  config: AggregateRoleConfig,
  deps: AggregateRoleDeps,
  signal: AbortSignal,
): Promise<{ readonly byOthers: boolean }> {
  const { clock, logger } = deps;
  const owned = new Map<string, Owned>();
  /** Given back in the rebalance under way: they come back to us, most of them, and nobody had them in between. */
  const parked = new Map<string, Owned>();
  /** Ours by the group, and taken over by another all the same: one that opened it late. When to try again (monotonic, ms). */
  const fenced = new Map<string, Place & { readonly dueAt: number }>();
  const inTurn = createTurns();
  /** Of the newest assignment: what is parked goes on under it. */
  let standing: Standing | undefined;
  const holds = async (): Promise<boolean> => (await standing?.holds()) === true;
  let lastGeneration = -1;
  let lastCommit = clock.elapsed();
  let tellingMs = 0;

  async function drop(stages: Map<string, Owned>): Promise<void> {
    const dropped = [...stages.values()];
    stages.clear();
    await Promise.allSettled(dropped.map(({ stage }) => stage.close()));
  }

  /**
   * Where another has taken a partition over, it is left, until the group has had time to say who owns it. Where the thread that counts it
   * has ended, it is taken back from its last commit in the same way.
   */
  async function unlessFenced<T>({ topic, partition }: Place, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      const isFenced = error instanceof AppError && error.code === 'log_fenced';
      if (!isFenced && !beginsAgain(error)) throw error;
      const name = `${topic}/${partition}`;
      if (isFenced) logger.warn(`partition ${name}: another process has taken over`);
      fenced.set(name, { topic, partition, dueAt: clock.elapsed() + AGAIN_MS });
      await owned.get(name)?.stage.close();
      owned.delete(name);
      return undefined;
    }
  }

  async function takeBack(): Promise<void> {
    for (const [name, place] of fenced) {
      if (clock.elapsed() < place.dueAt) continue;
      if (!(await holds())) return;
      fenced.delete(name);
      const stage = await unlessFenced(place, () => deps.open(place.topic, place.partition, holds));
      if (stage) owned.set(name, { ...place, stage });
    }
  }

  async function commitAll(readToEnd = false): Promise<void> {
    lastCommit = clock.elapsed();
    const news = [...owned.values()].filter(({ stage }) => readToEnd || stage.hasNews());
    const state = news.length > 0 ? deps.state() : [];
    const breath = createBreath(() => clock.elapsed());
    const under: Promise<unknown>[] = [];
    for (const [i, one] of news.entries()) {
      const told = unlessFenced(one, () => one.stage.commit({ readToEnd, state: i === 0 ? state : [] }));
      // Its failure is met below, with the others'.
      told.catch(() => {});
      under.push(told);
      // What one that is here has to tell holds this thread for a while.
      if (!one.stage.isElsewhere) await breath();
    }
    await Promise.all(under);
    if (news.length > 0) tellingMs = clock.elapsed() - lastCommit;
  }

  /** All go to where they are opened from now on. */
  async function move(): Promise<void> {
    await commitAll();
    const before = new Map(owned);
    for (const [name, { topic, partition, stage }] of before) {
      owned.delete(name);
      await stage.close();
      const moved = await unlessFenced({ topic, partition }, () => deps.open(topic, partition, holds));
      if (moved) owned.set(name, { topic, partition, stage: moved });
    }
  }

  function dueMs(read: number): number {
    if (read > 0 || config.once) return config.commitEveryMs;
    return Math.min(config.commitEveryMs, Math.max(config.commitEveryMs * CAUGHT_UP_PART, tellingMs / TELLING_SHARE));
  }

  async function pass(): Promise<number> {
    await takeBack();
    const read = await stepAll(
      [...owned.values()].map((one) => ({
        isElsewhere: one.stage.isElsewhere,
        step: async () => (await unlessFenced(one, () => one.stage.step())) ?? 0,
      })),
    );
    const pending = [...owned.values()].reduce((sum, { stage }) => sum + stage.status().deadLetterBytes, 0);
    if (clock.elapsed() - lastCommit >= dueMs(read) || pending > PENDING_BYTES_MAX) await commitAll();
    if (deps.isTimeToMove(read)) await move();
    return read;
  }

  const membership = await deps.connection.join(
    { group: config.group, topics: config.topics, sessionTimeoutMs: config.sessionTimeoutMs },
    {
      onAssigned: (assigned, generation, now) =>
        inTurn(async () => {
          if (signal.aborted) return;
          standing = now;
          fenced.clear();
          if (generation !== lastGeneration + 1) await drop(parked);
          lastGeneration = generation;
          const opened = await Promise.all(
            assigned.map(async ({ topic, partition }) => {
              const name = `${topic}/${partition}`;
              const kept = parked.get(name);
              parked.delete(name);
              const stage = kept?.stage ?? (await unlessFenced({ topic, partition }, () => deps.open(topic, partition, holds)));
              return { name, topic, partition, stage };
            }),
          );
          for (const { name, topic, partition, stage } of opened) if (stage) owned.set(name, { topic, partition, stage });
          await drop(parked);
          logger.info(`${config.group}: owns ${assigned.length} of ${config.partitions} input partitions`);
        }),
      onRevoked: () =>
        inTurn(async () => {
          await commitAll();
          for (const [name, one] of owned) parked.set(name, one);
          owned.clear();
          fenced.clear();
        }),
      onLost: () =>
        inTurn(async () => {
          lastGeneration = -1;
          fenced.clear();
          await drop(owned);
          await drop(parked);
        }),
    },
  );
  const ended = membership.ended.then(() => {
    throw new Error(`the membership of group ${config.group} has ended`);
  });
  ended.catch(() => {});

  async function isAllRead(): Promise<boolean> {
    if (owned.size < config.partitions || (await pass()) > 0 || ![...owned.values()].every(({ stage }) => stage.status().caughtUp))
      return false;
    await commitAll(true);
    // What replays changed is told when it has been noted.
    if ([...owned.values()].some(({ stage }) => stage.hasNews())) await commitAll(true);
    return owned.size === config.partitions;
  }

  /** Resolves to whether others have read it all. */
  async function untilRead(): Promise<boolean> {
    const wait = createWait(config, deps);
    while (!signal.aborted) {
      const everythingCame = !deps.moreToCome();
      const read = await inTurn(pass);
      if (read > 0) {
        await nextTurn();
        continue;
      }
      if (config.once && everythingCame) {
        if (owned.size === config.partitions && (await inTurn(isAllRead))) return false;
        if (await wait.isOver(owned.size, owned.has(`${config.topics[0]}/0`))) return true;
      }
      await sleep(POLL_MS, signal);
    }
    return false;
  }

  try {
    const byOthers = await Promise.race([untilRead(), ended]);
    if (signal.aborted) await inTurn(() => commitAll());
    return { byOthers };
  } finally {
    await membership.leave();
    await inTurn(async () => {
      await drop(owned);
      await drop(parked);
    });
  }
}
