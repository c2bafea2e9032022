/** What the revisions of a pipeline on Kafka have read again: its monitor, here or elsewhere, has settled it. */
import type { Clock } from '../../core/clock.ts';
import type { ReadAnew } from '../../dead-letter/in-force.ts';
import type { Log } from '../../log/log.ts';
import { recordedRevisions, type Revisions } from '../../pipeline/revision.ts';

/** Another process may begin a revision at any time; it is looked up again after this. */
const KEPT_MS = 5_000;

export function createReadAnew(
  pipeline: string,
  deps: {
    readonly clock: Pick<Clock, 'elapsed'>;
    /** As this process has settled it while it was the monitor. */
    readonly settled: () => Revisions | undefined;
    /** The monitor's ledger, for reading. */
    readonly openLog: () => Promise<Log>;
  },
): (since?: number) => Promise<readonly ReadAnew[]> {
  let found: readonly ReadAnew[] = [];
  let knownTo = 0;
  let lookedAt = -Infinity;

  return async (since = 0) => {
    const here = deps.settled();
    if (here && here.windows.counter > knownTo) {
      found = here.readAnew ?? [];
      knownTo = here.windows.counter;
    }
    if (knownTo >= since && deps.clock.elapsed() - lookedAt < KEPT_MS) return found;
    lookedAt = deps.clock.elapsed();
    const log = await deps.openLog();
    try {
      const recorded = await recordedRevisions(log, pipeline);
      if (recorded && recorded.windows.counter > knownTo) {
        found = recorded.readAnew ?? [];
        knownTo = recorded.windows.counter;
      }
    } finally {
      await log.close();
    }
    return found;
  };
}
