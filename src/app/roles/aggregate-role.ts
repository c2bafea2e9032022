/** The aggregations of the input partitions that this process owns, as a member of the pipeline's group. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { sleep, type Clock } from '../../core/clock.ts';
import type { Logger } from '../../core/logger.ts';
import type { StateChange } from '../../log/log.ts';
import type { KafkaConnection } from '../../log/kafka/connection.ts';
import { stepAll } from '../../pipeline/step-all.ts';
import { partitionName } from '../../windows/plan.ts';
import type { OwnedPartitions } from './owned-partitions.ts';
import { createTelling } from './telling.ts';
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
  readonly owned: OwnedPartitions;
  /** Told of every reading: whether all partitions are to be closed and opened again, because that puts them elsewhere. */
  readonly isTimeToMove: (read: number) => boolean;
  /** State to note with the next commit. */
  readonly state: () => readonly StateChange[];
  /** With `once`: more is on its way (an input is still read), so the end is not reached. */
  readonly moreToCome: () => Promise<boolean>;
  /** With `once`: records before this run's ends that no member of the group has committed yet. */
  readonly unread: () => Promise<number>;
}

/** Who finds nothing looks again so soon, and less often the longer nothing comes: a look asks the broker for every partition. */
const LOOK_AGAIN_MS = { first: 20, most: 100 };

/**
 * Until the signal, or (`once`) until everything was read and told. `byOthers`: not all of it here, as others keep partitions.
 * @throws AppError `log_refused` where others keep partitions, and do not get on with them
 */
export async function runAggregates(
  config: AggregateRoleConfig,
  deps: AggregateRoleDeps,
  signal: AbortSignal,
): Promise<{ readonly byOthers: boolean }> {
  const { group, topics, partitions, sessionTimeoutMs } = config;
  const { owned } = deps;
  const telling = createTelling(config, deps);
  const inTurn = createTurns();

  /** Resolves to the records read. */
  async function pass(): Promise<number> {
    await owned.takeBack();
    const read = await stepAll(
      owned.all().map((one) => ({
        isElsewhere: one.stage.isElsewhere,
        step: async () => (await owned.unlessLeft(one, () => one.stage.step())) ?? 0,
      })),
    );
    if (telling.isDue(read)) await telling.tellAll();
    if (deps.isTimeToMove(read)) {
      await telling.tellAll();
      await owned.reopen();
    }
    return read;
  }

  async function isAllRead(): Promise<boolean> {
    const isAll = (): boolean => owned.all().length === partitions;
    if (!isAll() || (await pass()) > 0 || !owned.all().every(({ stage }) => stage.status().caughtUp)) return false;
    await telling.tellAll(true);
    // What replays changed is told when it has been noted.
    if (owned.all().some(({ stage }) => stage.hasNews())) await telling.tellAll(true);
    return isAll();
  }

  /** Resolves to whether others have read it all. */
  async function untilRead(): Promise<boolean> {
    const wait = createWait(config, deps);
    let againMs = LOOK_AGAIN_MS.first;
    while (!signal.aborted) {
      const everythingCame = config.once && !(await deps.moreToCome());
      const read = await inTurn(pass);
      if (read > 0) {
        againMs = LOOK_AGAIN_MS.first;
        await nextTurn();
        continue;
      }
      if (everythingCame) {
        if (owned.all().length === partitions && (await inTurn(isAllRead))) return false;
        if (await wait.isOver(owned.all().length, owned.has(partitionName(topics[0]!, 0)))) return true;
      }
      await sleep(againMs, signal);
      if (!config.once) againMs = Math.min(2 * againMs, LOOK_AGAIN_MS.most);
    }
    return false;
  }

  const membership = await deps.connection.join(
    { group, topics, sessionTimeoutMs, signal },
    {
      onAssigned: (assigned, generation, standing) =>
        inTurn(async () => {
          if (signal.aborted) return;
          await owned.assign(assigned, generation, standing);
          deps.logger.info(`${group}: owns ${assigned.length} of ${partitions} input partitions`);
        }),
      onRevoked: () =>
        inTurn(async () => {
          await telling.tellAll();
          owned.park();
        }),
      onLost: () => inTurn(owned.drop),
    },
  );
  const ended = membership.ended.then(() => {
    throw new Error(`the membership of group ${group} has ended`);
  });
  ended.catch(() => {});

  try {
    const byOthers = await Promise.race([untilRead(), ended]);
    if (signal.aborted) await inTurn(() => telling.tellAll());
    return { byOthers };
  } finally {
    await membership.leave();
    await inTurn(owned.drop);
  }
}
