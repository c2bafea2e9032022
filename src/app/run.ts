/** `tocsin run`: one process that plays all roles on one data directory, until it is told to stop or (`--once`) has read everything. */
import { loadPipeline } from '../config/load-pipeline.ts';
import type { LoadedPipeline } from '../config/pipeline-config.ts';
import { topicConflicts } from '../config/topic-conflicts.ts';
import { systemClock } from '../core/clock.ts';
import type { AppError } from '../core/errors.ts';
import { createLogger } from '../core/logger.ts';
import { atOnce } from '../core/slices.ts';
import { instantOrNull } from '../core/instant.ts';
import { createEmbeddedLog } from '../log/embedded/embedded-log.ts';
import { openDataDir } from '../log/embedded/data-dir.ts';
import { lockForRun } from './control/lock-for-run.ts';
import { startControl } from './control/server.ts';
import { openEmbeddedBacking } from './embedded/embedded-backing.ts';
import type { Backing, BackingDeps } from './run/backing.ts';
import { driveAll, isAway, stopSignal } from './run/drive.ts';
import type { PipelineRun } from './run/pipeline-run.ts';
import { createProgress } from './run/progress.ts';
import type { RunOptions } from './run/run-options.ts';
import { tellSummaries, totalsOf, type OnSummary } from './run/tell-summaries.ts';
import { watchTimes } from './run/time-doubts.ts';
import type { ServeDeps, Serving } from './serve/serve.ts';
import { closeHotStore, openHotStore, outlivesRun, servedHistory, settleHotStore } from './stores/open-hot-store.ts';
import { startOlapFeed, type OlapFeed } from './stores/olap-feed.ts';
import { keepFilled } from './stores/refill-hot-store.ts';

const RETENTION_EVERY_MS = 60_000;
/** A log that could not be read to fill the hot store is asked again after so long. */
const REFILL_RETRY_MS = 5_000;

export interface RunDeps {
  readonly stdin: NodeJS.ReadableStream & AsyncIterable<Uint8Array>;
  readonly stdout: NodeJS.WritableStream & { readonly isTTY?: boolean };
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean };
  /** Ends the run cleanly. */
  readonly signal: AbortSignal;
  /** Told the address of the HTTP server when it answers: `http://127.0.0.1:8000`. */
  readonly onListening?: (url: string) => void;
  /** Told what each pipeline came to, in the place of `stdout`. */
  readonly onSummary?: OnSummary;
}

/**
 * Resolves when the run has ended and everything is closed.
 * @throws AppError for whatever keeps it from starting or going on; what was committed stays
 */
export async function runPipelines(options: RunOptions, deps: RunDeps): Promise<void> {
  const clock = systemClock;
  const startedAt = clock.elapsed();
  const configs = options.files.map((file) => (typeof file === 'string' ? loadPipeline(file) : file));
  topicConflicts(configs);
  const dir = openDataDir(options.data, { create: true });
  const lock = await lockForRun(dir.path, { clock, signal: deps.signal });
  const cleanUp: (() => Promise<void> | void)[] = [() => lock.release()];
  const stopping = stopSignal(options, deps.signal);
  let lacking: AppError | undefined;
  try {
    const progress = createProgress({
      write: (text) => deps.stderr.write(text),
      live: deps.stderr.isTTY === true,
      clock,
      quiet: options.quiet || options.json,
    });
    cleanUp.unshift(() => progress.stop());
    const logger = createLogger((line) => progress.aside(() => deps.stderr.write(line)));
    const log = createEmbeddedLog({ path: dir.logPath, clock, onEnded: (error) => stopping.abort(error) });
    cleanUp.unshift(() => log.close());
    /** Redis may say that it is empty before anything can be done about it: then all is put anyway. */
    const filling: { again?: () => void } = {};
    // A store that is shared is filled by those who may be the active monitor.
    const fills = options.hotStore === undefined || options.roles?.has('monitor') !== false;
    const onEmpty = (): void => filling.again?.();
    const hotStore = await openHotStore(options.hotStore, configs, { clock, logger, onEmpty: fills ? onEmpty : undefined });
    // `--once` is asked for rows in the store too: where they are not there it has not done what it should.
    cleanUp.unshift(async () => {
      const left = await closeHotStore(hotStore);
      if (options.once && !deps.signal.aborted) lacking ??= left;
      else if (left) logger.warn(left.message);
    });
    // Alerts go where the other output for people goes: not between the lines that a program reads.
    const out = options.json ? deps.stderr : deps.stdout;
    const beside: { serving?: Serving; olapFeed?: OlapFeed } = {};
    const opening = openBacking(configs, options, {
      local: log,
      dir: dir.path,
      logPath: dir.logPath,
      clock,
      logger,
      hotStore,
      signal: stopping.signal,
      write: (text) => progress.aside(() => out.write(text)),
      colour: out.isTTY === true,
      localPageUrl: () => (beside.serving?.isLocal ? beside.serving.url : undefined),
      onJudged: (records) => progress.judged(records),
      async onCommitted(config, committed) {
        await beside.serving?.committed(config, committed);
        await progress.committed(config, committed, options.once);
      },
    });
    // Who is asked to stop while it waits for a broker, or begins slowly, has nothing more to say than it has said.
    const backing = await opening.catch((error: unknown) => {
      if (stopping.signal.aborted && isAway(error)) return undefined;
      throw error;
    });
    if (!backing) return;
    cleanUp.unshift(() => backing.close());
    const { runs } = backing;
    // The server ends first: what it shows is still there until its last answer.
    cleanUp.unshift(async () => {
      await beside.serving?.stop();
      await beside.olapFeed?.stop();
    });
    // Before anything is read: a port that is taken changes nothing.
    const serving = await openServing(options, { runs, log: backing.shown, clock, logger, hotStore, olap: () => beside.olapFeed });
    if (serving) beside.serving = serving;
    const served = runs.map(({ config }) => config);
    const olapFeed = await startOlapFeed(options.olapStore, dir.path, served, {
      log: backing.stored,
      clock,
      logger,
      readAnew: (name, since) => runs.find(({ config }) => config.engine.pipeline === name)!.readAnew(since),
    });
    beside.olapFeed = olapFeed;
    const control = await startControl({ dir: dir.path }, { log: backing.fed, status: () => ({ pipelines: runs.map(statusOf) }) });
    cleanUp.unshift(() => control.stop());
    const retention = setInterval(() => void log.applyRetention().catch((error: Error) => logger.warn(error.message)), RETENTION_EVERY_MS);
    cleanUp.unshift(() => clearInterval(retention));

    // Beside the run: what is served fills up while events are counted.
    const refill = keepFilled(hotStore, backing.shown, served, {
      clock,
      logger,
      signal: stopping.signal,
      onFilled: () => serving?.hotStoreIsFilled(),
      ...(!options.once && { retryMs: REFILL_RETRY_MS }),
    });
    cleanUp.unshift(() => refill.settled());
    filling.again = () => refill.again();
    // With `once` nobody reads what is in memory; one that stays may lack what a run before could not bring.
    if (fills && (!options.once || outlivesRun(options.hotStore))) refill.again();
    if (!options.once) {
      if (!fills) serving?.hotStoreIsFilled();
      const at = serving === undefined ? '' : `, ${serving.url}`;
      logger.info(`running ${runs.map((run) => run.config.engine.pipeline).join(', ')} on ${backing.where}${at}; Ctrl-C ends it`);
      if (serving?.lacksPage) logger.info('the dashboard is not built yet: make web builds it, and it is there without a restart');
    }
    if (serving) progress.aside(() => deps.onListening?.(serving.url));
    const before = runs.map(totalsOf);
    const times = watchTimes(runs, logger);
    cleanUp.unshift(() => times.stop());
    await driveAll(runs, options, { clock, stdin: deps.stdin, logger, feed: backing.feed }, stopping);
    if (options.once && !stopping.signal.aborted) {
      await refill.settled();
      await settleHotStore(hotStore, clock, stopping.signal);
      // What the log has is counted and told, whatever a store lacks.
      await olapFeed.settle(stopping.signal).catch((error: AppError) => void (lacking = error));
    }
    progress.stop();
    tellSummaries(
      runs.map((run, i) => ({ run, before: before[i]! })),
      options,
      { seconds: Math.round(clock.elapsed() - startedAt) / 1_000, where: backing.where, isBrokenOff: deps.signal.aborted },
      { stdout: deps.stdout, logger, onSummary: deps.onSummary },
    );
  } finally {
    stopping.abort();
    for (const undo of cleanUp) await undo();
  }
  if (lacking) throw lacking;
}

async function openBacking(configs: readonly LoadedPipeline[], options: RunOptions, deps: BackingDeps): Promise<Backing> {
  if (options.log === undefined) return openEmbeddedBacking(configs, options, deps);
  // Loaded where it is asked for: its client is large, and most runs begin without.
  const { openKafkaBacking } = await import('./roles/kafka-backing.ts');
  return openKafkaBacking(configs[0]!, options, options.log, deps);
}

async function openServing(
  { once, listen, apiKey, data, log, olapStore, roles }: RunOptions,
  deps: Omit<ServeDeps, 'hotHistory' | 'history'>,
): Promise<Serving | undefined> {
  if (once || listen === undefined || listen === 'none') return undefined;
  const { startServing } = await import('./serve/serve.ts');
  return startServing(
    { listen, isHealthOnly: roles?.has('api') === false, ...(apiKey !== undefined && apiKey !== '' && { apiKey }) },
    { ...deps, hotHistory: servedHistory, history: { data, ...(log !== undefined && { log }), olapStore } },
  );
}

function statusOf(run: PipelineRun): Record<string, unknown> {
  return {
    name: run.config.engine.pipeline,
    frontier: instantOrNull(run.engine.frontier),
    windows: atOnce(run.engine.counts()),
    alerts: run.notify.counts(),
    threads: run.threads(),
    partitions: run.engine
      .partitions()
      .map(({ name, offset, watermark, caughtUp, totals }) => ({ name, offset, watermark: instantOrNull(watermark), caughtUp, totals })),
  };
}
