/**
 * One pipeline on Kafka, as far as this process plays its roles: aggregations of the partitions that the group gives it, and monitor and
 * notifications while it is the active member. What one stage tells the next stands in Kafka, so they may be anywhere.
 */
import { resolve } from 'node:path';
import type { LoadedPipeline } from '../../config/pipeline-config.ts';
import { sleep } from '../../core/clock.ts';
import { done, inSlices, type Sliced } from '../../core/slices.ts';
import type { HotStore } from '../../hot-store/hot-store.ts';
import type { KafkaConnection } from '../../log/kafka/connection.ts';
import type { Standing } from '../../log/kafka/standing.ts';
import type { Log } from '../../log/log.ts';
import { MONITOR_LAG_MAX } from '../../pipeline/aggregate/aggregate-stage.ts';
import type { Committed } from '../../pipeline/engine.ts';
import type { Monitor } from '../../pipeline/monitor/monitor.ts';
import { openMonitorStage, type MonitorStage } from '../../pipeline/monitor/monitor-stage.ts';
import type { NotifyStage } from '../../pipeline/notify-stage.ts';
import { revisionRefusal } from '../../pipeline/revision.ts';
import { partialsTopic } from '../../pipeline/stage-topics.ts';
import { settleStageRevision, type StageRevision } from '../../pipeline/stage-revision.ts';
import { compilePlan } from '../../windows/plan.ts';
import type { AlertEvent } from '../../receivers/alert-event.ts';
import type { Receiver } from '../../receivers/receiver.ts';
import type { OutcomesFile } from '../outcomes-file.ts';
import { pipelineRecord, pipelineRecordChange } from '../pipeline-record.ts';
import { clockModeOf, limitAlertsOf, monitorOf, notifierOf, receiversOf, type PartsDeps } from '../pipeline-parts.ts';
import type { PipelineRun } from '../pipeline-run.ts';
import type { RunOptions } from '../run-options.ts';
import { createPlacement } from '../threads/placement.ts';
import type { Threads } from '../threads/threads.ts';
import { watchLag } from '../watch-lag.ts';
import { runAggregates } from './aggregate-role.ts';
import { whenAborted, whileElected } from './election.ts';
import { openGround } from './ground.ts';
import { endsNow, unreadOf } from './input-topics.ts';
import { createMonitorLag } from './monitor-lag.ts';
import { runMonitorTerm } from './monitor-role.ts';
import { openMonitorView, untilMonitorHasRead, untilMonitorIsElsewhere } from './monitor-view.ts';
import { notedOutcomes } from './noted-outcomes.ts';
import { runNotifyTerm } from './notify-role.ts';
import { createReadAnew, revisionReader } from './read-anew.ts';
import { createReadToEnd } from './read-elsewhere.ts';
import { createPartitionOpener } from './partition-opener.ts';
import { ROLES, type Role } from './roles.ts';
import { forgetting, runShadow } from './shadow.ts';

export interface KafkaRunDeps extends PartsDeps {
  readonly connection: KafkaConnection;
  /** For messages: the address without secrets. */
  readonly shown: string;
  readonly hotStore: HotStore;
  /** Absent: all is done on this thread. */
  readonly threads?: Threads;
  /** Opens the file of `--outcomes` on what was noted. */
  readonly openOutcomes?: (state: readonly (readonly [key: string, value: Uint8Array])[]) => OutcomesFile;
  readonly onJudged: (records: number) => void;
  readonly onCommitted: (committed: Committed) => Promise<void>;
}

export interface KafkaRun extends PipelineRun {
  /** Reads the topics, and appends to them; has no state. */
  readonly reader: Log;
}

/** How often partials are told, and rows given out; `--once` commits as often, and at the end. */
const COMMIT_EVERY_MS = 1_000;
const RING_GRACE_MS = 3_000;
const SESSION_MS = 10_000;
const ONCE_SESSION_MS = 6_000;
const REVISION_POLL_MS = 500;
const SETTLED_POLL_MS = 10;
/** So long an aggregation waits for the active monitor to settle the file's revision. */
const REVISION_WAIT_MS = 60_000;

export async function openKafkaRun(loaded: LoadedPipeline, options: RunOptions, deps: KafkaRunDeps): Promise<KafkaRun> {
  const { connection, clock, logger } = deps;
  const startedAt = clock.now();
  const { pipeline } = loaded.engine;
  const roles: ReadonlySet<Role> = options.roles ?? new Set(ROLES);
  const mode = clockModeOf(loaded, options);
  const receivers = roles.has('notify') ? receiversOf(loaded, options, deps) : [];
  const notifierFor = (guarded: readonly Receiver[]): ReturnType<typeof notifierOf> => notifierOf(config, options, guarded, deps);
  const sessionTimeoutMs = options.sessionMs ?? (options.once ? ONCE_SESSION_MS : SESSION_MS);
  const commitEveryMs = options.commitEveryMs ?? COMMIT_EVERY_MS;
  const hasFeeds = options.input !== undefined || (roles.has('ingest') && loaded.inputs.length > 0);
  const ground = await openGround(loaded, { ...deps, mustExist: options.once && !hasFeeds });
  const { config, inputs, reader } = ground;
  const { engine: spec, topics } = config;
  const plan = compilePlan(spec);
  const ends = new Map<string, number>();
  const readRevision = revisionReader(pipeline, ground);
  const readAnew = createReadAnew({ readRevision });
  const rawTopics = spec.sources.map(({ topic }) => topic);
  const outcomes = deps.openOutcomes?.(options.revision.kind === 'from' ? [] : await notedOutcomes(ground));

  const stopped = new AbortController();
  /** The active monitor, while it is here; else what follows it. */
  let monitor: MonitorStage | undefined;
  let shadow: MonitorStage | undefined;
  /** Of the last term of this process. */
  let judge: Monitor | undefined;
  let last: MonitorStage | undefined;
  const seen = (): MonitorStage | undefined => monitor ?? shadow ?? last;
  let notify: NotifyStage | undefined;
  let settled: StageRevision | undefined;
  const monitorLag = createMonitorLag(pipeline, { connection, clock });

  /** What the active monitor has settled, here or elsewhere. @throws AppError `revision_changed` where it is another file's */
  async function revisionThatCounts(): Promise<StageRevision> {
    const hash = config.hashes.windows;
    let lookedAt = -Infinity;
    for (const until = clock.elapsed() + REVISION_WAIT_MS; ; await sleep(SETTLED_POLL_MS, stopped.signal)) {
      // What this process settles itself is there at once.
      if (settled?.windows.hash === hash) return settled;
      if (clock.elapsed() > until || stopped.signal.aborted) throw revisionRefusal(pipeline);
      if (clock.elapsed() - lookedAt < REVISION_POLL_MS) continue;
      lookedAt = clock.elapsed();
      const found = await readRevision();
      const isOurs = found?.windows.hash === hash && (options.revision.kind !== 'from' || found.at >= startedAt || !roles.has('monitor'));
      if (isOurs) return found;
    }
  }

  const placement =
    deps.threads &&
    createPlacement(
      { spec, always: options.threads !== undefined },
      { threads: deps.threads.pipeline(), clock, ends: options.once ? ends : new Map(), onJudged: deps.onJudged },
    );
  const openPartition = createPartitionOpener(
    { config, plan, mode, once: options.once, batchRecords: options.batchRecords },
    { ...deps, ground, ends, outcomes, placement, monitorLag, revision: revisionThatCounts },
  );

  const watched = {
    clock,
    logger,
    partitions: () => monitor?.partitions() ?? [],
    onAlert: (event: AlertEvent): Promise<void> => deps.onCommitted({ records: [], provisional: [], alerts: [event], deadLetters: 0 }),
  };

  async function publish(committed: Committed): Promise<void> {
    await deps.hotStore.put([...committed.records.filter((record) => record.kind === 'row'), ...committed.provisional]);
    await deps.onCommitted(committed);
  }

  async function monitorTerm(signal: AbortSignal, { holds }: Standing, isLast: (() => boolean) | undefined): Promise<void> {
    const log = await ground.stageLog('monitor', { holds });
    const ended = new AbortController();
    try {
      settled = await settleStageRevision(pipeline, config.hashes, inputs, options.revision, {
        log,
        readPartition: (input) => ground.partitionLog(input, { readOnly: true }),
        startedAt,
        now: clock.now(),
      });
      readAnew.learn(settled);
      await log.commit({
        state: [
          pipelineRecordChange(
            pipelineRecord(spec, resolve(config.file ?? pipeline), topics, { olapStore: options.olapStore, clock: mode }),
          ),
        ],
      });
      const { windows, completeFrom } = settled;
      judge = monitorOf(config);
      const limitAlert = limitAlertsOf(config);
      const stage = await openMonitorStage(
        { plan, topics, revision: windows.counter, completeFrom, provisional: !options.once, clock: mode },
        { log, monitor: judge, limitAlert, elapsed: () => clock.elapsed(), slices, warn: logger.warn },
      );
      monitor = stage;
      logger.info(`${pipeline}: monitor, from record ${stage.offset} of ${partialsTopic(pipeline)} on`);
      const watching = options.once ? undefined : watchLag(config, { ...watched, log }, AbortSignal.any([signal, ended.signal]));
      await runMonitorTerm({ stage, commitEveryMs, clock, publish, isLast }, signal).finally(() => ended.abort());
      await watching;
    } finally {
      // Its counts are still to be told.
      last = monitor;
      monitor = undefined;
      await log.close();
    }
  }

  const slices = <T>(work: Sliced<T>): Promise<T> => inSlices(work, () => clock.elapsed());
  const openView = (log: Log, provisional: boolean): Promise<MonitorStage | undefined> =>
    openMonitorView(
      { pipeline, hash: config.hashes.windows, plan, topics, provisional, clock: mode },
      { log, monitor: monitorOf(config), slices, warn: logger.warn, onRevision: readAnew.learn },
    );

  /** What others have made of it, where one of them is the monitor: for the summary. */
  async function takeStock(signal: AbortSignal): Promise<void> {
    await untilMonitorHasRead(pipeline, { connection, clock }, signal);
    const log = forgetting(await ground.stageLog('monitor', { readOnly: true }));
    last = await openView(log, false);
    let read = 1;
    while (read > 0 && !signal.aborted) read = (await last?.step()) ?? 0;
    await log.close();
  }

  /** Shows what the active monitor elsewhere does. A store that is shared gets its rows from that one. */
  async function followMonitor(log: Log, signal: AbortSignal): Promise<boolean> {
    const stage = await openView(log, true);
    if (!stage) return false;
    shadow = stage;
    const show = options.hotStore === undefined ? publish : deps.onCommitted;
    await runMonitorTerm({ stage, commitEveryMs, clock, publish: show, isLast: undefined }, signal).finally(() => {
      last = shadow;
      shadow = undefined;
    });
    return true;
  }

  function notifyTerm(signal: AbortSignal, standing: Standing): Promise<void> {
    const watermark = (): number | undefined => (options.once ? undefined : seen()?.frontier);
    const reading = (): MonitorStage | undefined => monitor ?? shadow;
    const atEnd = options.once ? async () => false : createReadToEnd({ pipeline, inputs, reading }, { connection, reader, clock });
    const term = { pipeline, topics, watermark, isReadToEnd: atEnd, graceMs: options.once ? undefined : RING_GRACE_MS };
    const openLog = (): Promise<Log> => ground.stageLog('notify', { holds: standing.holds });
    const onOpened = (stage: NotifyStage): void => void (notify = stage);
    return runNotifyTerm(term, { receivers, notifierOf: notifierFor, openLog, onOpened, logger }, standing, signal);
  }

  const elect = (
    role: 'monitor' | 'notify',
    topic: string,
    signal: AbortSignal,
    term: (signal: AbortSignal, standing: Standing) => Promise<void>,
  ): Promise<void> =>
    roles.has(role)
      ? whileElected(
          { group: `${pipeline}.${role}`, topic, what: `${role} of ${pipeline}`, sessionTimeoutMs },
          { connection, logger },
          signal,
          term,
        )
      : Promise.resolve();

  async function run(signal: AbortSignal, fed: () => boolean): Promise<void> {
    const broken = new AbortController();
    const [monitorStop, notifyStop] = [new AbortController(), new AbortController()];
    let bounded: 'no' | 'asked' | 'yes' = 'no';
    let everythingTold = false;
    const bound = async (): Promise<void> => {
      bounded = 'asked';
      for (const [name, end] of await endsNow(config, reader)) ends.set(name, Math.min(end, options.readTo?.get(name) ?? end));
      bounded = 'yes';
    };
    if (options.once && !hasFeeds) await bound();
    let fault: { readonly error: unknown } | undefined;
    const failed = (error: unknown): never => {
      fault ??= { error };
      for (const stop of [broken, monitorStop, notifyStop, stopped]) stop.abort();
      throw error;
    };

    const monitoring = elect('monitor', partialsTopic(pipeline), monitorStop.signal, async (until, standing) => {
      await monitorTerm(until, standing, options.once ? () => everythingTold : undefined);
      // All is told, where there is an end.
      if (options.once && everythingTold && !until.aborted) monitorStop.abort();
    }).catch(failed);
    const ringing = elect('notify', topics.alerts, notifyStop.signal, notifyTerm).catch(failed);
    const count = (): ReturnType<typeof runAggregates> =>
      runAggregates(
        {
          group: pipeline,
          topics: rawTopics,
          partitions: inputs.length,
          sessionTimeoutMs,
          commitEveryMs,
          once: options.once,
        },
        {
          connection,
          clock,
          logger,
          open: openPartition,
          isTimeToMove(read) {
            const moves = placement?.isTimeToMove(read) === true;
            if (moves) logger.info(`${pipeline}: its partitions are counted in threads from here on`);
            return moves;
          },
          state: () => outcomes?.sync() ?? [],
          moreToCome: () => {
            if (fed() && bounded === 'no') bound().catch(failed);
            return !fed() || bounded !== 'yes';
          },
          unread: () => unreadOf(connection, pipeline, rawTopics, ends),
        },
        AbortSignal.any([signal, broken.signal]),
      );
    const until = AbortSignal.any([signal, broken.signal]);
    const counting = (roles.has('aggregate') ? count() : whenAborted(until).then(() => ({ byOthers: false }))).catch(failed);

    const isShown = roles.has('api') && !options.once && options.listen !== undefined && options.listen !== 'none';
    const showing = isShown
      ? runShadow(
          {
            open: () => ground.stageLog('monitor', { readOnly: true }),
            isActive: () => monitor !== undefined,
            follow: followMonitor,
            warn: logger.warn,
          },
          AbortSignal.any([signal, broken.signal]),
        )
      : Promise.resolve();

    // What is told last is still taken in, and what rings then is still told.
    const inOrder = (async () => {
      const { byOthers } = await counting;
      everythingTold = true;
      if (byOthers) logger.info(`${pipeline}: other processes have read what was not read here`);
      const place = { pipeline, isHere: () => monitor !== undefined, sessionMs: byOthers && !monitor ? 0 : sessionTimeoutMs };
      if (options.once && (await untilMonitorIsElsewhere(place, deps, monitoring, until).catch(failed))) {
        logger.info(`${pipeline}: another process is the active monitor; what is open is for that one to give out`);
        await takeStock(until).catch(failed);
        monitorStop.abort();
      }
      if (!options.once || signal.aborted) monitorStop.abort();
      await monitoring;
      notifyStop.abort();
      await ringing;
    })();
    await Promise.allSettled([counting, monitoring, ringing, showing, inOrder]);
    if (fault) throw fault.error;
  }

  return {
    config,
    reader,
    engine: {
      counts: () => seen()?.counts() ?? done({}),
      partitions: () => seen()?.partitions() ?? [],
      get frontier() {
        return seen()?.frontier ?? -Infinity;
      },
    },
    notify: {
      counts: () => notify?.counts() ?? { fired: 0, sent: 0 },
      decided: () => notify?.decided() ?? [],
      waiting: () => notify?.waiting() ?? 0,
    },
    threads: () => placement?.counts() ?? { running: 0, restarts: 0 },
    looks: () => judge?.lookCounts() ?? { looked: 0, skipped: 0 },
    pressure: { partials: async () => ({ waiting: await monitorLag(), limit: MONITOR_LAG_MAX }), givesWay: () => false },
    readAnew: readAnew.of,
    run,
  };
}
