/** The engine of a run, which may be opened anew on its last commit: when a thread of its aggregations has ended, or when they move. */
import type { Engine } from '../../pipeline/engine.ts';
import type { LookCounts } from '../../pipeline/monitor/look-plan.ts';
import type { Monitor } from '../../pipeline/monitor/monitor.ts';
import { beginsAgain } from '../threads/threads.ts';

/** Neither outlives the other: what one has seen beyond the last commit the next one sees anew. */
interface Life {
  readonly engine: Engine;
  readonly monitor: Pick<Monitor, 'lookCounts'>;
}

export interface Counting {
  /** Of the life that is on. */
  readonly engine: Engine;
  /** Looks of all lives. */
  looks(): LookCounts;
  reopen(): Promise<void>;
  /** Does the work to its end, from its beginning again in a new life where a thread has ended. Asked to stop, it leaves it at that. */
  lasting(work: () => Promise<void>, signal: AbortSignal): Promise<void>;
}

/** Threads that end before anything is open are begun again too, as often as their pool allows: it says when that is no use any more. */
async function openLasting(open: () => Promise<Life>): Promise<Life> {
  for (;;) {
    try {
      return await open();
    } catch (error) {
      if (!beginsAgain(error)) throw error;
    }
  }
}

export async function openCounting(open: () => Promise<Life>): Promise<Counting> {
  let life = await openLasting(open);
  let before: LookCounts = { looked: 0, skipped: 0 };

  function looks(): LookCounts {
    const { looked, skipped } = life.monitor.lookCounts();
    return { looked: before.looked + looked, skipped: before.skipped + skipped };
  }

  async function reopen(): Promise<void> {
    await life.engine.close();
    const next = await open();
    before = looks();
    life = next;
  }

  return {
    get engine() {
      return life.engine;
    },
    looks,
    reopen,
    async lasting(work, signal) {
      for (let isLost = false; ;) {
        try {
          if (isLost) await reopen();
          isLost = false;
          return await work();
        } catch (error) {
          if (!beginsAgain(error)) throw error;
          if (signal.aborted) return;
          isLost = true;
        }
      }
    },
  };
}
