/** What the revisions of a pipeline on Kafka have read again: its monitor, here or elsewhere, has settled it. */
import type { ReadAnew } from '../../dead-letter/in-force.ts';
import { recordedRevisions } from '../../pipeline/revision.ts';
import type { StageRevision } from '../../pipeline/stage-revision.ts';
import type { Ground } from './ground.ts';

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

export interface ReadAnewBook {
  /** What was read again; `since`: a revision that is known to have begun. */
  readonly of: (since?: number) => Promise<readonly ReadAnew[]>;
  /** Told of what this process has settled, or has met while it looked into the ledger anyway. */
  learn(revision: StageRevision): void;
}

/** `readRevision` reads a ledger that may be large: once where nobody has told of a revision, and for each newer one that only rows tell of. */
export function createReadAnew({ readRevision }: { readonly readRevision: () => Promise<StageRevision | undefined> }): ReadAnewBook {
  let known: StageRevision | undefined;
  /** Revisions up to this one are known, or were looked up. */
  let upTo = -1;
  let reading: Promise<void> | undefined;

  function learn(revision: StageRevision): void {
    const { counter } = revision.windows;
    if (counter > (known?.windows.counter ?? 0)) known = revision;
    upTo = Math.max(upTo, counter);
  }

  async function read(since: number): Promise<void> {
    const found = await readRevision();
    if (found) learn(found);
    upTo = Math.max(upTo, since);
  }

  return {
    learn,
    async of(since = 0) {
      // What is under way may have begun before that revision did.
      if (since > upTo && reading) await reading.catch(() => {});
      if (since > upTo) await (reading ??= read(since).finally(() => (reading = undefined)));
      return known?.readAnew ?? [];
    },
  };
}
