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
  /** So many starts in a row that got nowhere end the process. */
  readonly startsMax?: number;
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

/** A thread that ends sooner than this after its start has got nowhere, ms. Nor has one, however long it took, of which no partition came further. */
const SETTLED_MS = 60_000;
const STARTS_MAX = 5;
const BACK_OFF_MS = 200;

interface Slot {
  readonly number: number;
  thread?: Promise<Thread>;
  /** Partitions there, by key. */
  readonly hosted: Map<number, Hosted>;
  /** In a row, each having got nowhere. */
  failures: number;
  startedAt: number;
  dueAt: number;
}

interface Hosted {
  readonly pipeline: number;
  /** For messages. */
  readonly name: string;
  /** Records before its beginning, replayed ones too. */
  readonly from: number;
}

export function createThreads(config: ThreadsConfig, { clock, logger, signal, start = startWorker }: ThreadsDeps): Threads {
  const { startsMax = STARTS_MAX } = config;
  const slots: Slot[] = [];
  const restarts: number[] = [];
  /** Where partitions began on the thread that each of them was lost with last. */
  const lostFrom = new Map<string, number>();
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
    const hosted = [...slot.hosted.values()];
    const names = hosted.map(({ name }) => name).join(', ');
    for (const pipeline of new Set(hosted.map((one) => one.pipeline))) restarts[pipeline]! += 1;
    const gotSomewhere = clock.elapsed() - slot.startedAt >= SETTLED_MS && hosted.some(cameFurther);
    for (const one of hosted) lostFrom.set(lossKey(one), one.from);
    slot.failures = gotSomewhere ? 1 : slot.failures + 1;
    slot.dueAt = clock.elapsed() + BACK_OFF_MS * 2 ** (slot.failures - 1);
    slot.hosted.clear();
    delete slot.thread;
    const retryable = slot.failures < startsMax;
    const what = `thread ${slot.number}, which counts ${names === '' ? 'nothing yet' : names}, has ended: ${reasonText(reason, config)}`;
    const count = `That was ${slot.failures} times in a row without getting further;`;
    if (retryable)
      logger.warn(`${what} It begins again from its last commit.${slot.failures > 1 ? ` ${count} ${startsMax} end the run.` : ''}`);
    const end = `${what} ${count} nothing committed is lost.`;
    return new AppError('thread_ended', retryable ? what : end, { retryable, cause: reason });
  }

  function cameFurther(one: Hosted): boolean {
    return lostFrom.get(lossKey(one)) !== one.from;
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
          const { offset, replayOffset } = order.beginning;
          slot.hosted.set(key, { pipeline, name: partitionName(topic, order.config.partition), from: offset + replayOffset });
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

function lossKey({ pipeline, name }: Hosted): string {
  return `${pipeline}/${name}`;
}

function reasonText(reason: Error, { memoryMb }: ThreadConfig): string {
  if ((reason as NodeJS.ErrnoException).code !== OUT_OF_MEMORY) return `${reason.message}.`;
  return `it needs more memory than --thread-memory allows (${memoryMb}MB). Allow it more with --thread-memory, or spread its partitions over more --threads.`;
}
