/** The wait of a run with `once` for partitions that others have: said once, and not for ever. */
import type { Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import type { Logger } from '../../core/logger.ts';

export interface WaitConfig {
  readonly group: string;
  /** All input partitions. */
  readonly partitions: number;
  readonly sessionTimeoutMs: number;
}

export interface WaitDeps {
  readonly clock: Pick<Clock, 'elapsed'>;
  readonly logger: Logger;
  /** Records before this run's ends that no member of the group has committed yet. */
  readonly unread: () => Promise<number>;
}

export interface Wait {
  /** True where others have read all of it. @throws AppError `log_refused` where they do not get on with it */
  isOver(owned: number, hasFirst: boolean): Promise<boolean>;
}

/** Who waits for less says nothing. */
const SAY_AFTER_MS = 3_000;
/** Two that each need all partitions would wait for each other for ever: who lacks the first one gives up earlier. In session timeouts. */
const PATIENCE = { withFirst: 6, withoutFirst: 3, withoutAny: 10 };
/** Who lacks partitions looks so often how far those who have them are, from the end of a session on: who had died has left them by then. */
const LOOK_EVERY_MS = 2_000;

export function createWait(config: WaitConfig, { clock, logger, unread }: WaitDeps): Wait {
  const { group, partitions, sessionTimeoutMs } = config;
  let since: number | undefined;
  let lookAt = 0;
  let told = false;
  let least = Infinity;

  return {
    async isOver(owned, hasFirst) {
      if (owned === partitions) {
        since = undefined;
        return false;
      }
      if (since === undefined) lookAt = clock.elapsed() + sessionTimeoutMs + LOOK_EVERY_MS;
      since ??= clock.elapsed();
      if (!told && clock.elapsed() - since > SAY_AFTER_MS) {
        told = true;
        logger.info(
          `${group}: waits for ${partitions - owned} of ${partitions} input partitions, which another member of the group has; ` +
            `one that died gives them up ${sessionTimeoutMs / 1_000} s after its last sign of life`,
        );
      }
      if (clock.elapsed() >= lookAt) {
        lookAt = clock.elapsed() + LOOK_EVERY_MS;
        const left = await unread();
        if (left === 0) return true;
        // While they get on there is something to wait for.
        if (left < least) since = clock.elapsed();
        least = Math.min(least, left);
      }
      const sessions = owned === 0 ? PATIENCE.withoutAny : hasFirst ? PATIENCE.withFirst : PATIENCE.withoutFirst;
      if (clock.elapsed() - since > sessions * sessionTimeoutMs) throw shared(config, sessions * sessionTimeoutMs);
      return false;
    },
  };
}

function shared({ group, partitions }: WaitConfig, waitedMs: number): AppError {
  return new AppError(
    'log_refused',
    `group ${group}: --once waits until all ${partitions} input partitions are read, but found another process that keeps some of them ` +
      `and does not get on with them (waited ${waitedMs / 1_000} s). Mend or stop that one, or leave --once out to share the work with it.`,
  );
}
