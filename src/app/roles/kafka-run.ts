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
import type { OutcomesFile } from '../run/outcomes-file.ts';
import { clockModeOf, notifierOf, receiversOf, type PartsDeps, type PublishDeps } from '../run/pipeline-parts.ts';
import type { PipelineRun } from '../run/pipeline-run.ts';
import type { RunOptions } from '../run/run-options.ts';
import { createPlacement } from '../threads/placement.ts';
import type { Threads } from '../threads/threads.ts';
import { runAggregates } from './aggregate-role.ts';
import { whenAborted, whileElected } from './election.ts';
import { createFrontierElsewhere } from './frontier-elsewhere.ts';
import { openGround } from './ground.ts';
import { createRunEnds, unreadOf } from './input-topics.ts';
import { createMonitorLag } from './monitor-lag.ts';
import { createMonitorSeat } from './monitor-seat.ts';
import { untilMonitorIsElsewhere } from './monitor-view.ts';
import { notedOutcomes } from './noted-outcomes.ts';
import { runNotifyTerm } from './notify-role.ts';
import { createReadAnew, revisionReader } from './read-anew.ts';
import { createReadElsewhere, createReadToEnd } from './read-elsewhere.ts';
import { createOwnedPartitions } from './owned-partitions.ts';
import { createPartitionOpener } from './partition-opener.ts';
import { runInOrder, type RolesOfRun } from './role-order.ts';
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
  const { once } = options;
  const startedAt = clock.now();
  const { pipeline } = loaded.engine;
  const plays: ReadonlySet<Role> = options.roles ?? new Set(ROLES);
  const mode = clockModeOf(loaded, options);
  // Before anything is written: a receiver that lacks its address keeps the run from starting.
  const receivers = plays.has('notify') ? receiversOf(loaded, options, deps) : [];
  const sessionTimeoutMs = options.sessionMs ?? (once ? ONCE_SESSION_MS : SESSION_MS);
  const commitEveryMs = options.commitEveryMs ?? COMMIT_EVERY_MS;
  const hasFeeds = options.input !== undefined || (plays.has('ingest') && loaded.inputs.length > 0);
  const ground = await openGround(loaded, { ...deps, mustExist: once && !hasFeeds });
  const { config, inputs, reader } = ground;
  const { engine: spec, topics } = config;
  const plan = compilePlan(spec);
  const rawTopics = spec.sources.map(({ topic }) => topic);
  const { end: dueBefore } = await reader.bounds(topics.alerts, 0);
  const { ends, settle: settleEnds } = createRunEnds(config, reader, options.readTo);
  const readRevision = revisionReader(pipeline, ground);
  const readAnew = createReadAnew({ readRevision });
  const outcomes = deps.openOutcomes?.(options.revision.kind === 'from' ? [] : await notedOutcomes(ground));

  const broken = new AbortController();
  const seat = createMonitorSeat({ plan, mode, startedAt, commitEveryMs, isCandidate: plays.has('monitor') }, options, {
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
      { threads: deps.threads.pipeline(), clock, ends, onJudged: deps.onJudged },
    );
  const opener = createPartitionOpener(
    { config, plan, mode, once, batchRecords: options.batchRecords },
    { ...deps, ground, ends, outcomes, placement, monitorLag, revision: () => seat.revision(broken.signal) },
  );
  const owned = createOwnedPartitions(opener, deps);
  let notify: NotifyStage | undefined;

  function elected(
    role: 'monitor' | 'notify',
    topic: string,
    signal: AbortSignal,
    term: (signal: AbortSignal, standing: Standing) => Promise<void>,
  ): Promise<void> {
    const election = { group: `${pipeline}.${role}`, topic, what: `${role} of ${pipeline}`, sessionTimeoutMs };
    return whileElected(election, { connection, logger }, signal, term);
  }

  async function aggregate(signal: AbortSignal, fed: () => boolean): Promise<{ readonly byOthers: boolean }> {
    const { byOthers } = await runAggregates(
      { group: pipeline, topics: rawTopics, partitions: inputs.length, sessionTimeoutMs, commitEveryMs, once },
      {
        connection,
        clock,
        logger,
        owned,
        isTimeToMove(read) {
          const moves = placement?.isTimeToMove(read) === true;
          if (moves) logger.info(`${pipeline}: its partitions are counted in threads from here on`);
          return moves;
        },
        state: () => outcomes?.sync() ?? [],
        async moreToCome() {
          if (!fed()) return true;
          await settleEnds();
          return false;
        },
        unread: () => unreadOf({ connection, reader }, pipeline, rawTopics, ends),
      },
      signal,
    );
    if (byOthers) logger.info(`${pipeline}: other processes have read what was not read here`);
    return { byOthers };
  }

  function monitor(signal: AbortSignal, isLast?: () => boolean): Promise<void> {
    const over = new AbortController();
    return elected('monitor', partialsTopic(pipeline), AbortSignal.any([signal, over.signal]), async (term, standing) => {
      await seat.hold(term, standing, isLast);
      if (isLast?.() && !term.aborted) over.abort();
    });
  }

  function notifyTerm(signal: AbortSignal, standing: Standing): Promise<void> {
    const isReadToEnd = once
      ? async () => false
      : createReadToEnd({ pipeline, inputs, reading: seat.current }, { connection, reader, clock });
    // Of what merely follows the active monitor the alerts may not stand in the log yet: that one has to have got so far.
    const isReadElsewhere = createReadElsewhere({ pipeline, topics: rawTopics }, { connection, reader, clock });
    const elsewhere = createFrontierElsewhere(topics.windows, { reader, clock, isReadElsewhere });
    const watermark = async (): Promise<number | undefined> => (once ? undefined : (seat.active()?.frontier ?? elsewhere()));
    return runNotifyTerm(
      { pipeline, topics, watermark, isReadToEnd, graceMs: once ? undefined : RING_GRACE_MS },
      {
        receivers,
        notifierOf: (guarded) => notifierOf(config, options, { receivers: guarded, dueBefore }, deps),
        openLog: () => ground.stageLog('notify', { holds: standing.holds }),
        onOpened: (stage) => void (notify = stage),
        logger,
      },
      standing,
      signal,
    );
  }

  async function isJudgedElsewhere(byOthers: boolean, through: Promise<void>, signal: AbortSignal): Promise<boolean> {
    const isHere = (): boolean => seat.active() !== undefined;
    const sessionMs = byOthers && !isHere() ? 0 : sessionTimeoutMs;
    if (!(await untilMonitorIsElsewhere({ pipeline, isHere, sessionMs }, deps, through, signal))) return false;
    logger.info(`${pipeline}: another process is the active monitor; what is open is for that one to give out`);
    await seat.takeStock(signal);
    return true;
  }

  async function follow(signal: AbortSignal): Promise<void> {
    const open = (): Promise<Log> => ground.stageLog('monitor', { readOnly: true });
    await runShadow({ open, isActive: () => seat.active() !== undefined, follow: seat.follow, warn: logger.warn }, signal);
  }

  async function run(signal: AbortSignal, fed: () => boolean): Promise<void> {
    if (once && !hasFeeds) await settleEnds();
    const isShown = plays.has('api') && !once && options.listen !== undefined && options.listen !== 'none';
    const roles: RolesOfRun = {
      aggregate: plays.has('aggregate')
        ? (until) => aggregate(until, fed)
        : (until) => whenAborted(until).then(() => ({ byOthers: false })),
      monitor: plays.has('monitor') ? monitor : async () => {},
      notify: plays.has('notify') ? (until) => elected('notify', topics.alerts, until, notifyTerm) : async () => {},
      api: isShown ? follow : async () => {},
      isJudgedElsewhere,
    };
    await runInOrder(roles, { once, broken }, signal);
  }

  return {
    config,
    reader,
    engine: {
      counts: () => seat.seen()?.counts() ?? done({}),
      // Who sees no monitor knows of its own partitions.
      partitions: () => seat.seen()?.partitions() ?? owned.statuses(),
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
