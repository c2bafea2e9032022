/**
 * One pipeline on Kafka, as far as this process plays its roles: aggregations of the partitions that the group gives it, and monitor and
 * notifications while it is the active member. What one stage tells the next stands in Kafka, so they may be anywhere.
 */
import type { LoadedPipeline } from '../../config/pipeline-config.ts';
import { done } from '../../core/slices.ts';
import type { KafkaConnection } from '../../log/kafka/connection.ts';
import type { Standing } from '../../log/kafka/standing.ts';
import type { Log } from '../../log/log.ts';
import { MONITOR_LAG_MAX } from '../../pipeline/aggregate/aggregate-stage.ts';
import type { NotifyStage } from '../../pipeline/notify-stage.ts';
import { partialsTopic } from '../../pipeline/stage-topics.ts';
import { compilePlan } from '../../windows/plan.ts';
import type { Receiver } from '../../receivers/receiver.ts';
import type { OutcomesFile } from '../run/outcomes-file.ts';
import { clockModeOf, notifierOf, receiversOf, type PartsDeps, type PublishDeps } from '../run/pipeline-parts.ts';
import type { PipelineRun } from '../run/pipeline-run.ts';
import type { RunOptions } from '../run/run-options.ts';
import { createPlacement } from '../threads/placement.ts';
import type { Threads } from '../threads/threads.ts';
import { runAggregates } from './aggregate-role.ts';
import { whenAborted, whileElected } from './election.ts';
import { openGround } from './ground.ts';
import { endsNow, unreadOf } from './input-topics.ts';
import { createMonitorLag } from './monitor-lag.ts';
import { createMonitorSeat } from './monitor-seat.ts';
import { untilMonitorIsElsewhere } from './monitor-view.ts';
import { notedOutcomes } from './noted-outcomes.ts';
import { runNotifyTerm } from './notify-role.ts';
import { createReadAnew, revisionReader } from './read-anew.ts';
import { createReadToEnd } from './read-elsewhere.ts';
import { createPartitionOpener } from './partition-opener.ts';
import { ROLES, type Role } from './roles.ts';
import { runShadow } from './shadow.ts';

export interface KafkaRunDeps extends PartsDeps, PublishDeps {
  readonly connection: KafkaConnection;
  /** For messages: the address without secrets. */
  readonly shown: string;
  /** Absent: all is done on this thread. */
  readonly threads?: Threads;
  /** Opens the file of `--outcomes` on what was noted. */
  readonly openOutcomes?: (state: readonly (readonly [key: string, value: Uint8Array])[]) => OutcomesFile;
  readonly onJudged: (records: number) => void;
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
  let notify: NotifyStage | undefined;
  const seat = createMonitorSeat({ plan, mode, startedAt, commitEveryMs, isCandidate: roles.has('monitor') }, options, {
    ...deps,
    ground,
    readRevision,
    readAnew,
  });
  const monitorLag = createMonitorLag(pipeline, { connection, clock });

  const placement =
    deps.threads &&
    createPlacement(
      { spec, always: options.threads !== undefined },
      { threads: deps.threads.pipeline(), clock, ends: options.once ? ends : new Map(), onJudged: deps.onJudged },
    );
  const openPartition = createPartitionOpener(
    { config, plan, mode, once: options.once, batchRecords: options.batchRecords },
    { ...deps, ground, ends, outcomes, placement, monitorLag, revision: () => seat.revision(stopped.signal) },
  );

  function notifyTerm(signal: AbortSignal, standing: Standing): Promise<void> {
    const watermark = (): number | undefined => (options.once ? undefined : seat.seen()?.frontier);
    const reading = (): ReturnType<typeof seat.current> => seat.current();
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
    const until = AbortSignal.any([signal, broken.signal]);
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

    const monitoring = elect('monitor', partialsTopic(pipeline), monitorStop.signal, async (term, standing) => {
      await seat.hold(term, standing, options.once ? () => everythingTold : undefined);
      // All is told, where there is an end.
      if (options.once && everythingTold && !term.aborted) monitorStop.abort();
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
        until,
      );
    const counting = (roles.has('aggregate') ? count() : whenAborted(until).then(() => ({ byOthers: false }))).catch(failed);

    const isShown = roles.has('api') && !options.once && options.listen !== undefined && options.listen !== 'none';
    const showing = isShown
      ? runShadow(
          {
            open: () => ground.stageLog('monitor', { readOnly: true }),
            isActive: () => seat.active() !== undefined,
            follow: seat.follow,
            warn: logger.warn,
          },
          until,
        )
      : Promise.resolve();

    // What is told last is still taken in, and what rings then is still told.
    const inOrder = (async () => {
      const { byOthers } = await counting;
      everythingTold = true;
      if (byOthers) logger.info(`${pipeline}: other processes have read what was not read here`);
      const place = { pipeline, isHere: () => seat.active() !== undefined, sessionMs: byOthers && !seat.active() ? 0 : sessionTimeoutMs };
      if (options.once && (await untilMonitorIsElsewhere(place, deps, monitoring, until).catch(failed))) {
        logger.info(`${pipeline}: another process is the active monitor; what is open is for that one to give out`);
        await seat.takeStock(until).catch(failed);
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
      counts: () => seat.seen()?.counts() ?? done({}),
      partitions: () => seat.seen()?.partitions() ?? [],
      get frontier() {
        return seat.seen()?.frontier ?? -Infinity;
      },
    },
    notify: {
      counts: () => notify?.counts() ?? { fired: 0, sent: 0 },
      decided: () => notify?.decided() ?? [],
      waiting: () => notify?.waiting() ?? 0,
    },
    threads: () => placement?.counts() ?? { running: 0, restarts: 0 },
    looks: seat.looks,
    pressure: { partials: async () => ({ waiting: await monitorLag(), limit: MONITOR_LAG_MAX }), givesWay: () => false },
    readAnew: readAnew.of,
    run,
  };
}
