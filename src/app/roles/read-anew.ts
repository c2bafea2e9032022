/** What the revisions of a pipeline on Kafka have read again: its monitor, here or elsewhere, has settled it. */
import type { Clock } from '../../core/clock.ts';
import type { ReadAnew } from '../../dead-letter/in-force.ts';
import { recordedRevisions } from '../../pipeline/revision.ts';
import type { StageRevision } from '../../pipeline/stage-revision.ts';
import type { Ground } from './ground.ts';

/** Another process may begin a revision at any time; it is looked up again after this. */
const KEPT_MS = 5_000;

/** Reads what the monitor's ledger says now. */
export function revisionReader(pipeline: string, ground: Pick<Ground, 'stageLog'>): () => Promise<StageRevision | undefined> {
  return async () => {
    const log = await ground.stageLog('monitor', { readOnly: true });
    try {
      return (await recordedRevisions(log, pipeline)) as StageRevision | undefined;
    } finally {
      await log.close();
    }
  };
}

export function createReadAnew(deps: {
  readonly clock: Pick<Clock, 'elapsed'>;
  /** As this process has settled it while it was the monitor. */
  readonly settled: () => StageRevision | undefined;
  readonly readRevision: () => Promise<StageRevision | undefined>;
}): (since?: number) => Promise<readonly ReadAnew[]> {
  let known: StageRevision | undefined;
  let lookedAt = -Infinity;

  const counterOf = (revision: StageRevision | undefined): number => revision?.windows.counter ?? 0;
  const take = (revision: StageRevision | undefined): void => {
    if (counterOf(revision) > counterOf(known)) known = revision;
  };

  return async (since = 0) => {
    take(deps.settled());
    if (counterOf(known) < since || deps.clock.elapsed() - lookedAt >= KEPT_MS) {
      lookedAt = deps.clock.elapsed();
      take(await deps.readRevision());
    }
    return known?.readAnew ?? [];
  };
}
