/** When the partitions of a process tell what they have judged, and all of them at a time. */
import type { Clock } from '../../core/clock.ts';
import { createBreath } from '../../core/slices.ts';
import type { StateChange } from '../../log/log.ts';
import type { OwnedPartitions } from './owned-partitions.ts';

export interface Telling {
  /** Commits those that have something to tell; all of them where they are read to the end. */
  tellAll(readToEnd?: boolean): Promise<void>;
  /** `read`: records of the last round. */
  isDue(read: number): boolean;
}

export interface TellingConfig {
  readonly commitEveryMs: number;
  readonly once: boolean;
}

export interface TellingDeps {
  readonly owned: Pick<OwnedPartitions, 'all' | 'unlessLeft'>;
  readonly clock: Pick<Clock, 'elapsed'>;
  /** State to note with the next commit. */
  readonly state: () => readonly StateChange[];
}

/**
 * Who has read all there is tells it sooner than after `commitEveryMs`: somebody may be waiting for a bell. After this part of it, and
 * so that telling takes at most so large a share of the time: with thousands of segments it costs something here and at the monitor.
 */
const CAUGHT_UP_PART = 0.25;
const TELLING_SHARE = 0.2;
/** Dead letters wait for a commit up to here. */
const PENDING_BYTES_MAX = 8 << 20;

export function createTelling({ commitEveryMs, once }: TellingConfig, { owned, clock, state }: TellingDeps): Telling {
  let toldAt = clock.elapsed();
  let tookMs = 0;

  function dueMs(read: number): number {
    if (read > 0 || once) return commitEveryMs;
    return Math.min(commitEveryMs, Math.max(commitEveryMs * CAUGHT_UP_PART, tookMs / TELLING_SHARE));
  }

  return {
    async tellAll(readToEnd = false) {
      toldAt = clock.elapsed();
      const news = owned.all().filter(({ stage }) => readToEnd || stage.hasNews());
      if (news.length === 0) return;
      const noted = state();
      const breath = createBreath(() => clock.elapsed());
      const under: Promise<unknown>[] = [];
      for (const [i, one] of news.entries()) {
        const told = owned.unlessLeft(one, () => one.stage.commit({ readToEnd, state: i === 0 ? noted : [] }));
        // Its failure is met below, with the others'.
        told.catch(() => {});
        under.push(told);
        // What one that is here has to tell holds this thread for a while.
        if (!one.stage.isElsewhere) await breath();
      }
      await Promise.all(under);
      tookMs = clock.elapsed() - toldAt;
    },

    isDue(read) {
      const pendingBytes = owned.all().reduce((sum, { stage }) => sum + stage.status().deadLetterBytes, 0);
      return clock.elapsed() - toldAt >= dueMs(read) || pendingBytes > PENDING_BYTES_MAX;
    },
  };
}
