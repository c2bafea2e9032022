/** Runs that go on until they are told to stop or are done: each with what brings it its records. */
import type { Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import type { Logger } from '../../core/logger.ts';
import type { Log } from '../../log/log.ts';
import type { Backing } from './backing.ts';
import { runFeeds } from './feeds.ts';
import type { PipelineRun } from './pipeline-run.ts';
import type { RunOptions } from './run-options.ts';

export interface DriveDeps {
  readonly clock: Clock;
  readonly stdin: NodeJS.ReadableStream & AsyncIterable<Uint8Array>;
  readonly feed: Backing['feed'];
  readonly logger: Logger;
}

/** All of them end before it settles, also when one fails. @throws AppError what failed; nothing where a run that was asked to stop only lost its broker */
export async function driveAll(
  runs: readonly PipelineRun[],
  options: RunOptions,
  deps: DriveDeps,
  stopping: AbortController,
): Promise<void> {
  const driven = await Promise.allSettled(runs.map((run) => drive(run, options, deps, stopping)));
  for (const result of driven) {
    if (result.status === 'fulfilled') continue;
    // Who is asked to stop waits for a broker as long as is good, and for others of its group; what was not noted is done again.
    if (!wasAskedToStop(stopping.signal) || !isAway(result.reason)) throw result.reason;
    deps.logger.warn(`${(result.reason as AppError).message} Stopped all the same; what is not noted is done again at the next start.`);
  }
  // What keeps all from going on may have failed in none of them.
  if (stopping.signal.reason instanceof AppError) throw stopping.signal.reason;
}

/** Feeds and engine side by side; what fails in one ends the other, but what was read of a broken input is counted first. */
export async function drive(
  run: PipelineRun,
  options: RunOptions,
  { clock, stdin, feed, logger }: DriveDeps,
  stopping: AbortController,
): Promise<void> {
  let fed = false;
  const failed = (error: unknown): never => {
    if (options.once && error instanceof AppError && error.code === 'input_unreadable') fed = true;
    else stopping.abort(error);
    throw error;
  };
  const readUpTo = (topic: string): number => run.engine.partitions().find(({ name }) => name === `${topic}/0`)?.offset ?? Infinity;
  const bring = (log: Log, signal: AbortSignal): Promise<void> =>
    runFeeds(run.config, options, { log, clock, stdin, readUpTo, logger }, signal);
  const feeding = feed(bring, stopping.signal).then(() => (fed = true), failed);
  const settled = await Promise.allSettled([feeding, run.run(stopping.signal, () => fed).catch(failed)]);
  for (const result of settled) if (result.status === 'rejected') throw result.reason;
}

/** What it needs cannot be reached now. */
export function isAway(error: unknown): boolean {
  return error instanceof AppError && (error.retryable || error.code === 'log_unavailable');
}

/** Not because something failed. */
function wasAskedToStop(stopping: AbortSignal): boolean {
  return stopping.aborted && !(stopping.reason instanceof AppError);
}

/** Aborts with the caller's signal, and after `--for`. */
export function stopSignal(options: RunOptions, signal: AbortSignal): AbortController {
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
