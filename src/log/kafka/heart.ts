/** Keeps the session of one generation of a group alive by heartbeats, and finds out how it ends. */
import type { Clock } from '../../core/clock.ts';
import { sleep } from '../../core/clock.ts';
import { kafkaErrorIds, mayPass } from './errors.ts';
import { LOST } from './standing.ts';

export interface Heart {
  /**
   * Resolves when the group is to be joined again, when the session is lost, or when `until` says so. `stubborn`: goes on through a
   * rebalance. Rejects with an answer of the coordinator that will not pass.
   */
  beat(until: AbortSignal, stubborn?: boolean): Promise<'rebalance' | 'lost' | 'stopped'>;
}

export interface HeartDeps {
  readonly clock: Pick<Clock, 'elapsed'>;
  readonly sessionTimeoutMs: number;
  /** Rejects with what the coordinator answers. */
  readonly heartbeat: () => Promise<void>;
  /** Whether there is a reason of its own to join again. Asked after every answer. */
  readonly hasGrown: () => Promise<boolean>;
}

const MAX_HEARTBEAT_MS = 3_000;

/** To be made when the coordinator has just answered: the session counts from then on. */
export function createHeart({ clock, sessionTimeoutMs, heartbeat, hasGrown }: HeartDeps): Heart {
  const heartbeatMs = Math.min(MAX_HEARTBEAT_MS, sessionTimeoutMs / 3);
  let heardAt = clock.elapsed();

  /** False when the session is over before the coordinator has answered: one that stands still may never do so. */
  async function isHeard(until: AbortSignal): Promise<boolean> {
    const done = new AbortController();
    const answer = heartbeat().then(() => true);
    const leftMs = heardAt + sessionTimeoutMs - clock.elapsed();
    const late = sleep(leftMs + 1, AbortSignal.any([until, done.signal])).then(() => undefined);
    answer.catch(() => {});
    try {
      return (await Promise.race([answer, late])) !== undefined;
    } finally {
      done.abort();
    }
  }

  return {
    async beat(until, stubborn = false) {
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
    },
  };
}
