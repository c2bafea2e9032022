/**
 * The threads that aggregate, in one process: where a partition goes, and what happens when one of them ends. Its partitions then begin
 * again from their last commit, on a new thread; the others go on.
 */
import type { Worker } from 'node:worker_threads';
import { sleep, type Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import type { Logger } from '../../core/logger.ts';
import type { OpenedAggregate } from '../../pipeline/aggregate/aggregate.ts';
import { partitionName } from '../../windows/plan.ts';
import { OUT_OF_MEMORY } from './heap-limit.ts';
import { openRemoteAggregate, type RemoteAggregateDeps } from './remote-aggregate.ts';
import type { OpenOrder, ThreadConfig } from './thread-messages.ts';
import { createThread, startWorker, type Thread } from './thread.ts';

export interface ThreadsConfig extends ThreadConfig {
  /** Threads at most. */
  readonly max: number;
}

export interface ThreadsDeps {
  readonly clock: Pick<Clock, 'elapsed'>;
  readonly logger: Logger;
  /** Ends waiting for a thread to be tried again. */
  readonly signal: AbortSignal;
  readonly start?: (config: ThreadConfig) => Worker;
}

export interface ThreadCounts {
  /** Threads that work for the pipeline. */
  readonly running: number;
  /** How often one of them ended by itself. */
  readonly restarts: number;
}

export interface PipelineThreads {
  /** Opens an aggregation on the thread that has the fewest. Where that one has just ended by itself, waits a little. */
  open(order: Omit<OpenOrder, 'pipeline'>, deps: Omit<RemoteAggregateDeps, 'thread' | 'onClosed'>): Promise<OpenedAggregate>;
  counts(): ThreadCounts;
}

export interface Threads {
  pipeline(): PipelineThreads;
  close(): Promise<void>;
}

/** A thread that ends sooner than this after its start has got nowhere, ms. */
const SETTLED_MS = 60_000;
/** So many starts in a row that got nowhere end the process. */
const STARTS_MAX = 5;
const BACK_OFF_MS = 200;

interface Slot {
  readonly number: number;
  thread?: Promise<Thread>;
  /** Partitions there, by key: its pipeline, and its name for messages. */
  readonly hosted: Map<number, { readonly pipeline: number; readonly name: string }>;
  /** In a row, each soon after its start. */
  failures: number;
  startedAt: number;
  dueAt: number;
}

export function createThreads(config: ThreadsConfig, { clock, logger, signal, start = startWorker }: ThreadsDeps): Threads {
  const slots: Slot[] = [];
  const restarts: number[] = [];
  let nextKey = 0;

  /** The emptiest of all there may be. */
  function choose(): Slot {
    const emptiest = slots.toSorted((a, b) => a.hosted.size - b.hosted.size)[0];
    if (emptiest && (emptiest.hosted.size === 0 || slots.length >= config.max)) return emptiest;
    const fresh: Slot = { number: slots.length + 1, hosted: new Map(), failures: 0, startedAt: 0, dueAt: 0 };
    slots.push(fresh);
    return fresh;
  }

  function ended(slot: Slot, reason: Error): AppError {
    const names = [...slot.hosted.values()].map(({ name }) => name).join(', ');
    for (const pipeline of new Set([...slot.hosted.values()].map((one) => one.pipeline))) restarts[pipeline]! += 1;
    slot.failures = clock.elapsed() - slot.startedAt < SETTLED_MS ? slot.failures + 1 : 1;
    slot.dueAt = clock.elapsed() + BACK_OFF_MS * 2 ** (slot.failures - 1);
    slot.hosted.clear();
    delete slot.thread;
    const retryable = slot.failures < STARTS_MAX;
    const what = `thread ${slot.number}, which counts ${names === '' ? 'nothing yet' : names}, has ended: ${reasonText(reason, config)}`;
    if (retryable) logger.warn(`${what} It begins again from its last commit.`);
    const end = `${what} That was ${slot.failures} times in a row; nothing committed is lost.`;
    return new AppError('thread_ended', retryable ? what : end, { retryable, cause: reason });
  }

  async function started(slot: Slot): Promise<Thread> {
    const wait = slot.dueAt - clock.elapsed();
    if (slot.failures > 0 && wait > 0) await sleep(wait, signal);
    slot.startedAt = clock.elapsed();
    return createThread(start(config), { ended: (reason) => ended(slot, reason), warned: logger.warn });
  }

  return {
    pipeline() {
      const pipeline = restarts.push(0) - 1;
      return {
        async open(order, deps) {
          const slot = choose();
          const key = nextKey++;
          const { topic } = order.spec.sources.find(({ name }) => name === order.source)!;
          slot.hosted.set(key, { pipeline, name: partitionName(topic, order.config.partition) });
          slot.thread ??= started(slot);
          const onClosed = (): void => void slot.hosted.delete(key);
          try {
            return await openRemoteAggregate(key, { ...order, pipeline }, { ...deps, thread: await slot.thread, onClosed });
          } catch (error) {
            onClosed();
            throw error;
          }
        },
        counts: () => ({
          running: slots.filter(({ hosted }) => [...hosted.values()].some((one) => one.pipeline === pipeline)).length,
          restarts: restarts[pipeline]!,
        }),
      };
    },
    async close() {
      await Promise.all(slots.map(async ({ thread }) => (await thread)?.stop()));
    },
  };
}

/** Whether what was lost can be taken up again from the last commit. */
export function beginsAgain(error: unknown): boolean {
  return error instanceof AppError && error.code === 'thread_ended' && error.retryable;
}

function reasonText(reason: Error, { memoryMb }: ThreadConfig): string {
  if ((reason as NodeJS.ErrnoException).code !== OUT_OF_MEMORY) return `${reason.message}.`;
  return `it needs more memory than --thread-memory allows (${memoryMb}MB). Allow it more with --thread-memory, or spread its partitions over more --threads.`;
}
