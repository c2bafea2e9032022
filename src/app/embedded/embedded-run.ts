/** One pipeline on the log of the data directory: its engine, its bell, and the loop that drives them. */
import type { LoadedPipeline } from '../../config/pipeline-config.ts';
import type { Log } from '../../log/log.ts';
import { ensureTopics, openEngine, type Committed, type Engine } from '../../pipeline/engine.ts';
import type { TotalLag } from '../../pipeline/lag.ts';
import { noteLookups } from '../../pipeline/lookup-record.ts';
import { openNotifyStage } from '../../pipeline/notify-stage.ts';
import { isReadToEnd } from '../../pipeline/read-to-end.ts';
import { incompleteText } from '../../pipeline/complete-from.ts';
import { offsetOf, settleRevision } from '../../pipeline/revision.ts';
import type { AlertEvent } from '../../receivers/alert-event.ts';
import { compilePlan, inputPartitions } from '../../windows/plan.ts';
import type { OutcomesFile } from '../run/outcomes-file.ts';
import { openCounting } from './counting.ts';
import { judgingDeps } from '../run/judging.ts';
import {
  alertAlone,
  clockModeOf,
  limitAlertsOf,
  monitorOf,
  notifierOf,
  publishing,
  receiversOf,
  recordOf,
  type PartsDeps,
  type PublishDeps,
} from '../run/pipeline-parts.ts';
import type { Lane } from './priorities.ts';
import { readAll } from './read-loop.ts';
import { boundedLog } from '../run/bounded-log.ts';
import type { PipelineRun } from '../run/pipeline-run.ts';
import type { RunOptions } from '../run/run-options.ts';
import { createPlacement, type Placement } from '../threads/placement.ts';
import type { ThreadCounts, Threads } from '../threads/threads.ts';
import { watchLag } from '../run/watch-lag.ts';

const BATCH_BYTES = 256 << 10;
/** A run that is ended waits so long for notifications under way; the rest is sent after the next start. */
const RING_GRACE_MS = 3_000;

export interface EmbeddedRunDeps extends PartsDeps, PublishDeps {
  readonly log: Log;
  readonly outcomes?: OutcomesFile;
  /** Absent: all is done on this thread. */
  readonly threads?: Threads;
  /** Its place beside the other pipelines of the process. */
  readonly lane: Lane;
  /** Told of records as they are judged. */
  readonly onJudged: (records: number) => void;
}

export async function openEmbeddedRun(config: LoadedPipeline, options: RunOptions, deps: EmbeddedRunDeps): Promise<PipelineRun> {
  const { log, clock } = deps;
  // Before anything is written: a receiver that lacks its address keeps the run from starting.
  const receivers = receiversOf(config, options, deps);
  const { engine: spec, topics } = config;
  const plan = compilePlan(spec);
  const inputs = inputPartitions(spec).map(({ source, partition, name }) => ({
    topic: source.topic,
    partition,
    name,
    replayTopic: topics.replay,
  }));
  const mode = clockModeOf(config, options);
  await ensureTopics({ plan, topics }, log);
  const revisions = await settleRevision(log, spec.pipeline, config.hashes, inputs, options.revision, mode);
  const { completeFrom } = revisions;
  if (options.revision.kind === 'from' && Number.isFinite(completeFrom)) deps.logger.info(incompleteText(spec.pipeline, completeFrom));
  await log.commit({ state: [recordOf(config, options, mode)] });

  const placement = deps.threads && placementOf(deps.threads);
  const counting = await openCounting(openLife);
  const partitions = (): ReturnType<Engine['partitions']> => counting.engine.partitions();
  const { changes, changed } = await noteLookups(log, spec, new Map(partitions().map(({ name, offset }) => [name, offset])));
  if (changes.length > 0) await log.commit({ state: changes });
  for (const file of changed) deps.logger.info(`pipeline ${spec.pipeline}: ${file} has changed; it counts from here on`);
  const { end: dueBefore } = await log.bounds(topics.alerts, 0);
  const notify = await openNotifyStage(
    { pipeline: spec.pipeline, topics },
    { log, notifier: notifierOf(config, options, { receivers, dueBefore }, deps), warn: deps.logger.warn },
  );

  /** The engine on its last commit, and the monitor that it drives. */
  async function openLife(): Promise<{ engine: Engine; monitor: ReturnType<typeof monitorOf> }> {
    const monitor = monitorOf(config);
    const engine = await openEngine(
      {
        plan,
        topics,
        revision: revisions.windows.counter,
        completeFrom,
        start: (topic, partition) => offsetOf(log, topic, partition, config.start),
        provisional: !options.once,
        clock: mode,
        maxBatchBytes: BATCH_BYTES,
        ...(options.batchRecords !== undefined && { maxBatchRecords: options.batchRecords }),
      },
      {
        log: options.readTo ? boundedLog(log, options.readTo) : log,
        ...judgingDeps(spec, clock),
        ...(placement && { openAggregate: placement.open }),
        monitor,
        limitAlert: limitAlertsOf(config),
        warn: deps.logger.warn,
        onJudged: (batch, judged) => {
          deps.outcomes?.add(batch, judged.outcomes, judged.reasons);
          deps.onJudged(batch.count);
        },
      },
    );
    return { engine, monitor };
  }

  function placementOf(threads: Threads): Placement {
    const ends = options.readTo ?? new Map<string, number>();
    const of = { spec, always: options.threads !== undefined };
    return createPlacement(of, { threads: threads.pipeline(), clock, ends, onJudged: deps.onJudged });
  }

  const publish = publishing(deps);
  const threads = (): ThreadCounts => placement?.counts() ?? { running: 0, restarts: 0 };

  async function commit(): Promise<Committed> {
    const state = deps.outcomes?.sync() ?? [];
    const committed = await counting.engine.commit({ state });
    await publish(committed);
    return committed;
  }

  const loop = {
    engine: () => counting.engine,
    commit,
    lane: deps.lane,
    clock,
    isTimeToMove: (read: number) => placement?.isTimeToMove(read) === true,
    async move() {
      await counting.reopen();
      deps.logger.info(`pipeline ${spec.pipeline}: its partitions are counted in ${threads().running} threads from here on`);
    },
  };

  /** Rings beside the reading: a slow receiver holds no window back. */
  async function ring(signal: AbortSignal): Promise<void> {
    await notify.run({
      signal,
      watermark: () => (options.once ? undefined : counting.engine.frontier),
      isReadToEnd: () => isReadToEnd(inputs, () => (options.once ? undefined : counting.engine), log),
      graceMs: options.once ? undefined : RING_GRACE_MS,
    });
  }

  const watched = {
    log,
    clock,
    logger: deps.logger,
    partitions,
    onLag: ({ records }: TotalLag): void => deps.lane.behind(records),
    onAlert: (event: AlertEvent): Promise<void> => deps.onCommitted(alertAlone(event)),
  };

  return {
    config,
    engine: {
      counts: () => counting.engine.counts(),
      partitions,
      get frontier() {
        return counting.engine.frontier;
      },
    },
    notify,
    looks: counting.looks,
    threads,
    pressure: { partials: async () => undefined, givesWay: deps.lane.givesWay },
    readAnew: async () => revisions.readAnew ?? [],
    async run(signal, fed) {
      const done = new AbortController();
      const broken = new AbortController();
      const ringing = ring(done.signal);
      // A bell that cannot ring ends the run at once: windows that nobody would be told of are no use.
      ringing.catch(() => broken.abort());
      const stop = AbortSignal.any([signal, broken.signal]);
      const watching = options.once ? undefined : watchLag(config, watched, AbortSignal.any([stop, done.signal]));
      try {
        await counting.lasting(async () => {
          await readAll(options, loop, stop, fed);
          if (options.once && !stop.aborted) await publish(await counting.engine.flush({ state: deps.outcomes?.sync() ?? [] }));
          else if (counting.engine.hasNews()) await commit();
        }, stop);
      } finally {
        done.abort();
        deps.lane.leave();
      }
      await Promise.all([ringing, watching]);
    },
  };
}
