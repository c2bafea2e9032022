/** The active monitor's windows, seen from elsewhere: the same stage on the same partials, which writes nothing. */
import { sleep, type Clock } from '../../core/clock.ts';
import type { KafkaConnection } from '../../log/kafka/connection.ts';
import {
  openMonitorStage,
  type MonitorStage,
  type MonitorStageConfig,
  type MonitorStageDeps,
} from '../../pipeline/monitor/monitor-stage.ts';
import { recordedRevisions } from '../../pipeline/revision.ts';
import type { StageRevision } from '../../pipeline/stage-revision.ts';
import { monitorGroup, partialsTopic } from '../../pipeline/stage-topics.ts';

const POLL_MS = 100;
/** What waits for a monitor that is away would wait for long. */
const CAUGHT_UP_MAX_MS = 10_000;

/** `log`: the monitor's ledger, to look into. */
export interface MonitorViewDeps extends Pick<MonitorStageDeps, 'log' | 'monitor' | 'slices' | 'warn'> {
  /** Told of the revision that counts, also where it is another file's. */
  readonly onRevision: (revision: StageRevision) => void;
}

/** From the state that was noted last; undefined where there is none, or another file's. */
export async function openMonitorView(
  config: Omit<MonitorStageConfig, 'revision' | 'completeFrom'> & { readonly pipeline: string; readonly hash: string },
  { onRevision, ...deps }: MonitorViewDeps,
): Promise<MonitorStage | undefined> {
  const { pipeline, hash, ...of } = config;
  const revision = (await recordedRevisions(deps.log, pipeline)) as StageRevision | undefined;
  if (revision) onRevision(revision);
  if (revision?.windows.hash !== hash) return undefined;
  return openMonitorStage({ ...of, revision: revision.windows.counter, completeFrom: revision.completeFrom }, deps);
}

/** Waits until the active monitor has taken in what is on `p.partials` now, for 10 s at most, or until the signal. */
export async function untilMonitorHasRead(
  pipeline: string,
  { connection, clock }: { readonly connection: Pick<KafkaConnection, 'lag'>; readonly clock: Clock },
  signal: AbortSignal,
): Promise<void> {
  const hasRead = readUpToNow(pipeline, connection);
  for (const until = clock.elapsed() + CAUGHT_UP_MAX_MS; clock.elapsed() < until && !signal.aborted; await sleep(POLL_MS, signal)) {
    if (await hasRead()) return;
  }
}

/**
 * Resolves to true when another process has taken in what is on `p.partials` now, and for a session nobody was the monitor here: that one is
 * it, and stays it. Else to false, when the monitor of this process is `through`, or with the signal.
 */
export async function untilMonitorIsElsewhere(
  { pipeline, isHere, sessionMs }: { readonly pipeline: string; readonly isHere: () => boolean; readonly sessionMs: number },
  { connection, clock }: { readonly connection: Pick<KafkaConnection, 'lag'>; readonly clock: Clock },
  through: Promise<void>,
  signal: AbortSignal,
): Promise<boolean> {
  const over = new AbortController();
  const stop = (): void => over.abort();
  through.then(stop, stop);
  const until = AbortSignal.any([signal, over.signal]);
  const hasRead = readUpToNow(pipeline, connection);
  let since: number | undefined;
  for (; !until.aborted; await sleep(POLL_MS, until)) {
    if (isHere() || !(await hasRead()) || isHere()) since = undefined;
    else since ??= clock.elapsed();
    if (since !== undefined && clock.elapsed() - since >= sessionMs) return true;
  }
  return false;
}

/** Whether the active monitor has taken in what was on `p.partials` when that was asked first. What comes later does not matter: others go on telling. */
function readUpToNow(pipeline: string, connection: Pick<KafkaConnection, 'lag'>): () => Promise<boolean> {
  let end: number | undefined;
  return async () => {
    const [partials] = await connection.lag(monitorGroup(pipeline), [partialsTopic(pipeline)]);
    if (!partials) return false;
    end ??= partials.end;
    return partials.lag === 0 || (partials.offset ?? 0) >= end;
  };
}
