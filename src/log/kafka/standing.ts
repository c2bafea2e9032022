/** Where a member stands in its group, from one assignment to the next. */
import type { Clock } from '../../core/clock.ts';
import { sleep } from '../../core/clock.ts';
import { kafkaErrorIds, mayPass } from './errors.ts';

export interface Standing {
  /**
   * Whether nobody else can own what was assigned: what the last heartbeat proves while its session runs by this process's own clock, and
   * what the coordinator is asked for after that. Resolves to false once another may own it; while the coordinator does not
   * answer it waits until the membership knows.
   */
  holds(): Promise<boolean>;
  /** Aborts as soon as it is known that what was owned is lost. */
  readonly lost: AbortSignal;
}

/** The coordinator has forgotten this member, or gone on without it. */
export const LOST: ReadonlySet<string> = new Set(['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION']);

const RETRY_MS = 100;

interface StandingDeps {
  readonly clock: Clock;
  readonly sessionTimeoutMs: number;
  /** When the last request was sent that the coordinator has answered, monotonic ms: it counts the session from then on, or from later. */
  readonly provenAt: () => number;
  /** A heartbeat of the generation; rejects with what the coordinator answers. */
  readonly heartbeat: () => Promise<void>;
  /** Another generation has begun, or the connection is closed. */
  readonly isOver: () => boolean;
  readonly lost: AbortSignal;
}

export function createStanding({ clock, sessionTimeoutMs, provenAt, heartbeat, isOver, lost }: StandingDeps): Standing {
  async function holds(): Promise<boolean> {
    while (!lost.aborted && !isOver()) {
      if (clock.elapsed() - provenAt() < sessionTimeoutMs) return true;
      const done = new AbortController();
      try {
        await Promise.race([heartbeat(), sleep(sessionTimeoutMs, AbortSignal.any([lost, done.signal]))]);
      } catch (error) {
        const ids = kafkaErrorIds(error);
        // It has gone on without this member, or refuses for good (permissions): then the membership ends too.
        if (ids.length > 0 && !mayPass(error) && !ids.includes('REBALANCE_IN_PROGRESS')) return false;
        await sleep(RETRY_MS, lost);
      } finally {
        done.abort();
      }
    }
    return false;
  }
  return { holds, lost };
}
