/** A backtest beside a running pipeline: in a thread of its own, so that nothing else waits for it. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { AppError } from '../../core/errors.ts';
import type { BacktestReport } from '../../server/api.ts';
import type { ThreadAnswer, ThreadOrder } from './backtest-messages.ts';

const MEMORY_MB_MAX = 1_024;
/** Rows are short-lived: with room for more of them they are collected less often. */
const YOUNG_MB = 64;

/** Ended by the signal it rejects with the signal's reason. @throws AppError as `runBacktest` */
export async function backtestInThread(order: ThreadOrder, signal: AbortSignal): Promise<BacktestReport> {
  signal.throwIfAborted();
  const worker = new Worker(new URL('./backtest-worker.ts', import.meta.url), {
    workerData: order,
    resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB_MAX, maxYoungGenerationSizeMb: YOUNG_MB },
  });
  try {
    const [answer] = (await once(worker, 'message', { signal })) as [ThreadAnswer];
    if ('report' in answer) return answer.report;
    const { code, message, retryable } = answer.error;
    throw new AppError(code, message, { retryable });
  } catch (error) {
    // What the thread was ended for, rather than that it was.
    signal.throwIfAborted();
    if ((error as NodeJS.ErrnoException).code !== 'ERR_WORKER_OUT_OF_MEMORY') throw error;
    throw new AppError('usage', `the backtest needs more than ${MEMORY_MB_MAX} MB; ask for a shorter time with from and to`, {
      cause: error,
    });
  } finally {
    await worker.terminate();
  }
}
