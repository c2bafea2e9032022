/** The active monitor: one term of it, from taking over the ledger to giving it back. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { sleep, type Clock } from '../../core/clock.ts';
import type { Committed } from '../../pipeline/engine.ts';
import type { MonitorStage } from '../../pipeline/monitor/monitor-stage.ts';

export interface MonitorTerm {
  readonly stage: MonitorStage;
  readonly commitEveryMs: number;
  readonly clock: Clock;
  readonly publish: (committed: Committed) => Promise<void>;
  /** With `--once`: everything that will come is on `p.partials`. Undefined: there is no end. */
  readonly isLast: (() => boolean) | undefined;
}

const POLL_MS = 20;
/** A commit holds no more than this many records of `p.partials`. */
const COMMIT_RECORDS_MAX = 256;

/** Takes partials in until the signal; with `isLast` until the last one, then gives the open windows out. */
export async function runMonitorTerm(term: MonitorTerm, signal: AbortSignal): Promise<void> {
  const { stage, clock, isLast } = term;
  let lastCommit = clock.elapsed();
  let since = 0;
  const commit = async (): Promise<void> => {
    since = 0;
    lastCommit = clock.elapsed();
    await term.publish(await stage.commit());
  };
  while (!signal.aborted) {
    const everythingTold = isLast?.() === true;
    const read = await stage.step();
    since += read;
    const due = clock.elapsed() - lastCommit >= term.commitEveryMs || since >= COMMIT_RECORDS_MAX;
    if (stage.hasNews() && (due || read === 0)) await commit();
    if (read > 0) {
      await nextTurn();
      continue;
    }
    if (everythingTold) {
      await term.publish(await stage.flush());
      return;
    }
    await sleep(POLL_MS, signal);
  }
  if (stage.hasNews()) await commit();
}
