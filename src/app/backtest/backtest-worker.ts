/** A backtest in a thread of its own: started by `backtest-thread.ts`, ends with its answer. */
import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import { giveWay } from '../../core/thread-priority.ts';
import { runBacktest } from './backtest.ts';
import type { LoadedPipeline } from '../../config/pipeline-config.ts';
import { zoneNamed } from '../../core/told-time.ts';
import { checkIncidents } from './incidents.ts';
import type { ThreadAnswer, ThreadOrder } from './backtest-messages.ts';

// The judges that it starts go behind the threads that serve and count too: they take all cores.
giveWay();
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
parentPort?.postMessage(await answer(workerData as ThreadOrder));

async function answer({ incidents, ...options }: ThreadOrder): Promise<ThreadAnswer> {
  try {
    const known = incidents && {
      incidents: ({ engine, timeZone }: LoadedPipeline) => checkIncidents(incidents, engine, zoneNamed(timeZone)),
    };
    return { report: await runBacktest({ ...options, ...known }, { clock: systemClock, stdin: process.stdin }) };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { error: { code: error.code, message: error.message, retryable: error.retryable } };
  }
}
