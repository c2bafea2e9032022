/** The monitor of a pipeline as one process has it: active here, followed from elsewhere, or as it was when that ended. */
import { sleep } from '../../core/clock.ts';
import { inSlices, type Sliced } from '../../core/slices.ts';
import type { KafkaConnection } from '../../log/kafka/connection.ts';
import type { Standing } from '../../log/kafka/standing.ts';
import type { Log } from '../../log/log.ts';
import { incompleteText } from '../../pipeline/complete-from.ts';
import type { LookCounts } from '../../pipeline/monitor/look-plan.ts';
import type { Monitor } from '../../pipeline/monitor/monitor.ts';
import { openMonitorStage, type MonitorStage } from '../../pipeline/monitor/monitor-stage.ts';
import { revisionRefusal } from '../../pipeline/revision.ts';
import { partialsTopic } from '../../pipeline/stage-topics.ts';
import { settleStageRevision, type StageRevision } from '../../pipeline/stage-revision.ts';
import type { ClockMode } from '../../windows/partition.ts';
import type { Plan } from '../../windows/plan.ts';
import { alertAlone, limitAlertsOf, monitorOf, publishing, recordOf, type PartsDeps, type PublishDeps } from '../run/pipeline-parts.ts';
import type { RunOptions } from '../run/run-options.ts';
import { watchLag } from '../run/watch-lag.ts';
import type { Ground } from './ground.ts';
import { runMonitorTerm } from './monitor-role.ts';
import { openMonitorView, untilMonitorHasRead } from './monitor-view.ts';
import type { ReadAnewBook } from './read-anew.ts';
import { forgetting } from './shadow.ts';

export interface MonitorSeat {
  /** While it is here. */
  active(): MonitorStage | undefined;
  /** The active one here, else what follows it just now. */
  current(): MonitorStage | undefined;
  /** The current one, else as it stood last. */
  seen(): MonitorStage | undefined;
  /** Of the last term of this process. */
  looks(): LookCounts;
  /** One term as the active monitor: until the signal, or with `isLast` until all is given out. */
  hold(signal: AbortSignal, standing: Standing, isLast: (() => boolean) | undefined): Promise<void>;
  /** Shows what the active monitor elsewhere does, until the signal; false where there is nothing to follow yet. `log`: as `forgetting` makes it. */
  follow(log: Log, signal: AbortSignal): Promise<boolean>;
  /** Takes in what others have made of it, where one of them is the monitor: for the summary. */
  takeStock(signal: AbortSignal): Promise<void>;
  /**
   * What the active monitor has settled, here or elsewhere; waited for until the signal.
   * @throws AppError `revision_changed` where it is another file's
   */
  revision(signal: AbortSignal): Promise<StageRevision>;
}

export interface MonitorSeatConfig {
  readonly plan: Plan;
  readonly mode: ClockMode;
  /** Epoch ms. */
  readonly startedAt: number;
  readonly commitEveryMs: number;
  /** This process may be the active one. */
  readonly isCandidate: boolean;
}

export interface MonitorSeatDeps extends PartsDeps, PublishDeps {
  readonly connection: Pick<KafkaConnection, 'lag'>;
  readonly ground: Ground;
  readonly readRevision: () => Promise<StageRevision | undefined>;
  readonly readAnew: Pick<ReadAnewBook, 'learn'>;
}

const REVISION_POLL_MS = 500;
const SETTLED_POLL_MS = 10;
/** So long an aggregation waits for the active monitor to settle the file's revision. */
const REVISION_WAIT_MS = 60_000;

export function createMonitorSeat(of: MonitorSeatConfig, options: RunOptions, deps: MonitorSeatDeps): MonitorSeat {
  const { plan, mode, startedAt, commitEveryMs } = of;
  const { ground, clock, logger, readAnew } = deps;
  const { config, inputs } = ground;
  const { topics, hashes } = config;
  const { pipeline } = config.engine;
  const publish = publishing(deps);
  const slices = <T>(work: Sliced<T>): Promise<T> => inSlices(work, () => clock.elapsed());

  let active: MonitorStage | undefined;
  let shadow: MonitorStage | undefined;
  let last: MonitorStage | undefined;
  let judge: Monitor | undefined;
  let settled: StageRevision | undefined;

  async function hold(signal: AbortSignal, { holds }: Standing, isLast: (() => boolean) | undefined): Promise<void> {
    const log = await ground.stageLog('monitor', { holds });
    const ended = new AbortController();
    try {
      settled = await settleStageRevision(pipeline, hashes, inputs, options.revision, {
        log,
        readPartition: (input) => ground.partitionLog(input, { readOnly: true }),
        startedAt,
        now: clock.now(),
        clock: mode,
      });
      readAnew.learn(settled);
      await log.commit({ state: [recordOf(config, options, mode)] });
      const { windows, completeFrom } = settled;
      if (options.revision.kind === 'from' && Number.isFinite(completeFrom)) logger.info(incompleteText(pipeline, completeFrom));
      judge = monitorOf(config);
      const stage = await openMonitorStage(
        { plan, topics, revision: windows.counter, completeFrom, provisional: !options.once, clock: mode },
        { log, monitor: judge, limitAlert: limitAlertsOf(config), elapsed: () => clock.elapsed(), slices, warn: logger.warn },
      );
      active = stage;
      logger.info(`${pipeline}: monitor, from record ${stage.offset} of ${partialsTopic(pipeline)} on`);
      const watching = options.once ? undefined : watch(log, AbortSignal.any([signal, ended.signal]));
      await runMonitorTerm({ stage, commitEveryMs, clock, publish, isLast }, signal).finally(() => ended.abort());
      await watching;
    } finally {
      // Its counts are still to be told.
      last = active;
      active = undefined;
      // What counts from here on is for another to settle.
      settled = undefined;
      await log.close();
    }
  }

  function watch(log: Log, signal: AbortSignal): Promise<void> {
    const partitions = (): ReturnType<MonitorStage['partitions']> => active?.partitions() ?? [];
    return watchLag(config, { log, clock, logger, partitions, onAlert: (event) => deps.onCommitted(alertAlone(event)) }, signal);
  }

  function openView(log: Log, provisional: boolean): Promise<MonitorStage | undefined> {
    return openMonitorView(
      { pipeline, hash: hashes.windows, plan, topics, provisional, clock: mode },
      { log, monitor: monitorOf(config), slices, warn: logger.warn, onRevision: readAnew.learn },
    );
  }

  return {
    active: () => active,
    current: () => active ?? shadow,
    seen: () => active ?? shadow ?? last,
    looks: () => judge?.lookCounts() ?? { looked: 0, skipped: 0 },
    hold,

    async follow(log, signal) {
      const stage = await openView(log, true);
      if (!stage) return false;
      shadow = stage;
      // A store that is shared gets its rows from the active one.
      const show = options.hotStore === undefined ? publish : deps.onCommitted;
      await runMonitorTerm({ stage, commitEveryMs, clock, publish: show, isLast: undefined }, signal).finally(() => {
        last = shadow;
        shadow = undefined;
      });
      return true;
    },

    async takeStock(signal) {
      await untilMonitorHasRead(pipeline, deps, signal);
      const log = forgetting(await ground.stageLog('monitor', { readOnly: true }));
      last = await openView(log, false);
      let read = 1;
      while (read > 0 && !signal.aborted) read = (await last?.step()) ?? 0;
      await log.close();
    },

    async revision(signal) {
      const hash = hashes.windows;
      let lookedAt = -Infinity;
      let found: StageRevision | undefined;
      for (const until = clock.elapsed() + REVISION_WAIT_MS; ; await sleep(SETTLED_POLL_MS, signal)) {
        // What this process settles itself is there at once.
        if (settled?.windows.hash === hash) return settled;
        if (clock.elapsed() > until || signal.aborted) throw revisionRefusal(pipeline, found, hashes);
        if (clock.elapsed() - lookedAt < REVISION_POLL_MS) continue;
        lookedAt = clock.elapsed();
        found = await deps.readRevision();
        const isChosen = options.revision.kind !== 'from' || !of.isCandidate || (found?.at ?? 0) >= startedAt;
        if (found?.windows.hash === hash && isChosen) return found;
      }
    },
  };
}
