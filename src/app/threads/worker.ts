/** A thread that aggregates: started by `thread.ts`, lives until it is ended. What it holds stands in the log too, as of the last commit. */
import { flushCompileCache } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import { giveWay } from '../../core/thread-priority.ts';
import { keepHeapWithin } from './heap-limit.ts';
import { createHost } from './host.ts';
import { createLogOpener } from './log-opener.ts';
import type { AskMessage, FromThread, ThreadConfig } from './thread-messages.ts';

const { log, memoryMb } = workerData as ThreadConfig;
giveWay();
keepHeapWithin(memoryMb);
const answer = createHost({
  clock: systemClock,
  openLog: createLogOpener(log, systemClock),
  warn: (warning) => reply({ warning }),
});

parentPort?.on('message', (message: AskMessage) => void respond(message));

/**
 * What is no AppError is not caught: it ends the thread, and its partitions begin again from their last commit. An answer that cannot be
 * sent would be no other then.
 */
async function respond({ id, ask }: AskMessage): Promise<void> {
  try {
    const { value, transfer } = await answer(ask);
    reply({ id, value }, transfer);
    // All modules are loaded by then. What was compiled of them is kept for the next start; a thread that is ended keeps nothing.
    if (ask.kind === 'open') flushCompileCache();
  } catch (error) {
    const told = isUnsendable(error) ? unsendable(ask, error) : error;
    if (!(told instanceof AppError)) throw told;
    const { code, message, retryable } = told;
    reply({ id, error: { code, message, retryable } });
  }
}

function reply(message: FromThread, transfer: readonly ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, transfer);
}

function isUnsendable(error: unknown): error is DOMException {
  return error instanceof DOMException && error.name === 'DataCloneError';
}

function unsendable({ kind }: AskMessage['ask'], cause: DOMException): AppError {
  const message = `a thread that counts cannot hand over its answer (${kind}): ${cause.message} Nothing committed is lost.`;
  return new AppError('thread_ended', message, { retryable: false, cause });
}
