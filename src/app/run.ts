/** `tocsin run`: one process that plays all roles on one data directory, until it is told to stop or (`--once`) has read everything. */
import type { Backing } from './backing.ts';
import { openBacking } from './open-backing.ts';
import type { Log } from '../log/log.ts';
import { topicConflicts } from './topic-conflicts.ts';
import { loadPipeline } from '../config/load-pipeline.ts';
import { systemClock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import { createLogger } from '../core/logger.ts';
import { atOnce } from '../core/slices.ts';
import { poolGivesWay } from '../core/thread-priority.ts';
import { noOutcomes, recordsRead, OUTCOMES, type OutcomeCounts } from '../core/outcome.ts';
import { createEmbeddedLog } from '../log/embedded/embedded-log.ts';
import { openDataDir } from '../log/embedded/data-dir.ts';
import { lockForRun } from './control/lock-for-run.ts';
import { startControl } from './control/server.ts';
import { keepFilled } from './refill.ts';
import { runFeeds } from './feeds.ts';
import { startHistory, type History } from './history.ts';
import { closeHotStore, openHotStore, servedHistory, settleHotStore } from './hot-store-of.ts';
import type { PipelineRun } from './pipeline-run.ts';
import { createProgress } from './progress.ts';
import type { RunOptions } from './run-options.ts';
import type { ServeDeps, Serving } from './serve/serve.ts';
import { dataPlace, nothingTaken, summaryText, type RunSummary } from './summary.ts';

const RETENTION_EVERY_MS = 60_000;

export interface RunDeps {
  readonly stdin: NodeJS.ReadableStream & AsyncIterable<Uint8Array>;
  readonly stdout: NodeJS.WritableStream & { readonly isTTY?: boolean };
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean };
  /** Ends the run cleanly. */
  readonly signal: AbortSignal;
  /** Told the address of the HTTP server when it answers: `http://127.0.0.1:8000`. */
  readonly onListening?: (url: string) => void;
}

/**
 * Resolves when the run has ended and everything is closed.
 * @throws AppError for whatever keeps it from starting or going on; what was committed stays
 */
export async function runPipelines(options: RunOptions, deps: RunDeps): Promise<void> {
  const clock = systemClock;
  const startedAt = clock.elapsed();
  const logger = createLogger((line) => deps.stderr.write(line));
  const configs = options.files.map((file) => (typeof file === 'string' ? loadPipeline(file) : file));
  topicConflicts(configs);
  const dir = openDataDir(options.data, { create: true });
  const lock = await lockForRun(dir.path, { clock, signal: deps.signal });
  const cleanUp: (() => Promise<void> | void)[] = [() => lock.release()];
  const stopping = stopSignal(options, deps.signal);
  let lacking: AppError | undefined;
  try {
    const log = createEmbeddedLog({ path: dir.logPath, clock });
    cleanUp.unshift(() => log.close());
    /** Redis may say that it is empty before anything can be done about it. */
    const filling: { again?: () => void; isDue?: true } = {};
    // A store that is shared is filled by those who may be the active monitor.
    const fills = options.hotStore === undefined || options.roles?.has('monitor') !== false;
    const onEmpty = (): void => (filling.again ? filling.again() : void (filling.isDue = true));
    const hotStore = await openHotStore(options.hotStore, configs, { clock, logger, onEmpty: fills ? onEmpty : undefined });
    // `--once` is asked for rows in the store too: where they are not there it has not done what it should.
    cleanUp.unshift(async () => {
      const left = await closeHotStore(hotStore);
      if (options.once && !deps.signal.aborted) lacking ??= left;
      else if (left) logger.warn(left.message);
    });
    const progress = createProgress({
      write: (text) => deps.stderr.write(text),
      live: deps.stderr.isTTY === true,
      clock,
      quiet: options.quiet || options.json,
    });
    cleanUp.unshift(() => progress.stop());
    // Alerts go where the other output for people goes: not between the lines that a program reads.
    const out = options.json ? deps.stderr : deps.stdout;
    const beside: { serving?: Serving; history?: History } = {};
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
        progress.committed(config, committed, options.once);
        await beside.serving?.committed(config, committed);
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
      await beside.history?.stop();
    });
    // Before anything is read: a port that is taken changes nothing.
    const serving = await openServing(options, { runs, log: backing.shown, clock, logger, hotStore, olap: () => beside.history });
    if (serving) {
      beside.serving = serving;
      poolGivesWay();
    }
    const served = runs.map(({ config }) => config);
    const history = await startHistory(options.olapStore, dir.path, served, {
      log: backing.history,
      clock,
      logger,
      readAnew: (name, since) => runs.find(({ config }) => config.engine.pipeline === name)!.readAnew(since),
    });
    beside.history = history;
    const control = await startControl({ dir: dir.path }, { log: backing.fed, status: () => ({ pipelines: runs.map(statusOf) }) });
    cleanUp.unshift(() => control.stop());
    const retention = setInterval(() => void log.applyRetention().catch((error: Error) => logger.warn(error.message)), RETENTION_EVERY_MS);
    cleanUp.unshift(() => clearInterval(retention));

    // Beside the run: what is served fills up while events are counted.
    const refill = keepFilled(hotStore, backing.shown, served, { clock, logger, signal: stopping.signal });
    cleanUp.unshift(() => refill.settled());
    filling.again = () => void refill.again();
    if (options.once && filling.isDue) filling.again();
    if (!options.once) {
      (fills ? refill.again() : Promise.resolve()).then(
        () => serving?.hotStoreIsFilled(),
        () => {},
      );
      const at = serving === undefined ? '' : `, ${serving.url}`;
      logger.info(`running ${runs.map((run) => run.config.engine.pipeline).join(', ')} on ${backing.where}${at}; Ctrl-C ends it`);
    }
    if (serving) deps.onListening?.(serving.url);
    const before = runs.map(totalsOf);
    // All of them end before anything is closed, also when one fails.
    const driven = await Promise.allSettled(runs.map((run) => drive(run, options, deps, stopping, backing.feed)));
    for (const result of driven) {
      if (result.status === 'fulfilled') continue;
      // Who is asked to stop waits for a broker as long as is good, and for others of its group; what was not noted is done again.
      if (!wasAskedToStop(stopping.signal) || !isAway(result.reason)) throw result.reason;
      logger.warn(`${(result.reason as AppError).message} Stopped all the same; what is not noted is done again at the next start.`);
    }
    if (options.once && !stopping.signal.aborted) {
      await refill.settled();
      await settleHotStore(hotStore, clock, stopping.signal);
      // What the log has is counted and told, whatever a store lacks.
      await history.settle(stopping.signal).catch((error: AppError) => void (lacking = error));
    }
    progress.stop();
    const seconds = Math.round(clock.elapsed() - startedAt) / 1_000;
    const place = placeOf(options, runs.length > 1, backing.where);
    for (const [i, run] of runs.entries()) {
      const { pipeline } = run.config.engine;
      const summary = summaryOf(run, seconds);
      const named = runs.length > 1 ? { pipeline, ...summary } : summary;
      if (options.json) deps.stdout.write(`${JSON.stringify(named)}\n`);
      else if (!options.quiet) {
        deps.stdout.write(
          summaryText(pipeline, summary, { reasons: reasonsOf(run), decided: run.notify.decided(), place: place(pipeline) }),
        );
      }
      const nothing = nothingTaken(pipeline, grownSince(before[i]!, totalsOf(run)), place(pipeline));
      if (nothing !== undefined && options.once && !deps.signal.aborted) logger.warn(nothing);
    }
  } finally {
    stopping.abort();
    for (const undo of cleanUp) await undo();
  }
  if (lacking) throw lacking;
}

async function openServing(
  { once, listen, apiKey, data, log, olapStore }: RunOptions,
  deps: Omit<ServeDeps, 'hotHistory' | 'history'>,
): Promise<Serving | undefined> {
  if (once || listen === undefined || listen === 'none') return undefined;
  const { startServing } = await import('./serve/serve.ts');
  return startServing(
    { listen, ...(apiKey !== undefined && apiKey !== '' && { apiKey }) },
    { ...deps, hotHistory: servedHistory, history: { data, ...(log !== undefined && { log }), olapStore } },
  );
}

/** Feeds and engine side by side; what fails in one ends the other, but what was read of a broken input is counted first. */
async function drive(
  run: PipelineRun,
  options: RunOptions,
  deps: RunDeps,
  stopping: AbortController,
  feed: Backing['feed'],
): Promise<void> {
  let fed = false;
  const failed = (error: unknown): never => {
    if (options.once && error instanceof AppError && error.code === 'input_unreadable') fed = true;
    else stopping.abort(error);
    throw error;
  };
  const readUpTo = (topic: string): number => run.engine.partitions().find(({ name }) => name === `${topic}/0`)?.offset ?? Infinity;
  const bring = (log: Log, signal: AbortSignal): Promise<void> =>
    runFeeds(run.config, options, { log, clock: systemClock, stdin: deps.stdin, readUpTo }, signal);
  const feeding = feed(bring, stopping.signal).then(() => (fed = true), failed);
  const settled = await Promise.allSettled([feeding, run.run(stopping.signal, () => fed).catch(failed)]);
  for (const result of settled) if (result.status === 'rejected') throw result.reason;
}

function isAway(error: unknown): boolean {
  return error instanceof AppError && (error.retryable || error.code === 'log_unavailable');
}

/** Not because something failed. */
function wasAskedToStop(stopping: AbortSignal): boolean {
  return stopping.aborted && !(stopping.reason instanceof AppError);
}

/** Aborts with the caller's signal, and after `--for`. */
function stopSignal(options: RunOptions, signal: AbortSignal): AbortController {
  const stopping = new AbortController();
  const stop = (): void => stopping.abort();
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  if (options.forMs !== undefined) {
    const timer = setTimeout(stop, options.forMs);
    stopping.signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
  }
  return stopping;
}

function summaryOf(run: PipelineRun, seconds: number): RunSummary {
  const totals = totalsOf(run);
  return { events: { read: recordsRead(totals), ...totals }, windows: atOnce(run.engine.counts()), alerts: run.notify.counts(), seconds };
}

function totalsOf(run: PipelineRun): OutcomeCounts {
  const totals = noOutcomes();
  for (const partition of run.engine.partitions()) for (const outcome of OUTCOMES) totals[outcome] += partition.totals[outcome];
  return totals;
}

/** On Kafka partitions come with their totals after the start: what is older is among them there. */
function grownSince(before: OutcomeCounts, now: OutcomeCounts): OutcomeCounts {
  const counts = noOutcomes();
  for (const outcome of OUTCOMES) counts[outcome] = Math.max(0, now[outcome] - before[outcome]);
  return counts;
}

/** What a reading command has to be told to find what this run left behind. */
function placeOf({ data, log }: RunOptions, isOneOfSeveral: boolean, where: string): (pipeline: string) => string {
  const place = log === undefined ? dataPlace(data) : ` --log ${where}`;
  return (pipeline) => (isOneOfSeveral ? `${place} --pipeline ${pipeline}` : place);
}

function reasonsOf(run: PipelineRun): Map<string, number> {
  const reasons = new Map<string, number>();
  for (const partition of run.engine.partitions()) {
    for (const [reason, count] of partition.reasons) reasons.set(reason, (reasons.get(reason) ?? 0) + count);
  }
  return reasons;
}

function statusOf(run: PipelineRun): Record<string, unknown> {
  return {
    name: run.config.engine.pipeline,
    frontier: instantText(run.engine.frontier),
    windows: atOnce(run.engine.counts()),
    alerts: run.notify.counts(),
    threads: run.threads(),
    partitions: run.engine
      .partitions()
      .map(({ name, offset, watermark, caughtUp, totals }) => ({ name, offset, watermark: instantText(watermark), caughtUp, totals })),
  };
}

/** Null before the first event: JSON knows no infinity. */
function instantText(ms: number): string | null {
  return Number.isFinite(ms) ? new Date(ms).toISOString() : null;
}
