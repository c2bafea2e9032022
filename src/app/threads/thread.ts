/** One thread that aggregates, as the main thread sees it: questions, answers, and one end. */
import { Worker } from 'node:worker_threads';
import { AppError } from '../../core/errors.ts';
import { heapRoomMb } from './heap-limit.ts';
import type { Answers, Ask, AskMessage, FromThread, ThreadConfig } from './thread-messages.ts';

export interface Thread {
  /** @throws AppError of the log; once the thread has ended, what `ended` has made of it */
  ask<K extends Ask['kind']>(ask: Extract<Ask, { kind: K }>): Promise<Answers[K]>;
  /** Ends it now. Nobody is told. */
  stop(): Promise<void>;
}

/** Columns are short-lived: with room for more of them they are collected less often. Two halves of 4 MB and a reserve, as bin/tocsin sets it. */
const YOUNG_MB = 12;

export function startWorker({ log, memoryMb }: ThreadConfig): Worker {
  return new Worker(new URL('./worker.ts', import.meta.url), {
    workerData: { log, memoryMb } satisfies ThreadConfig,
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB, maxOldGenerationSizeMb: heapRoomMb(memoryMb) },
  });
}

export interface ThreadEvents {
  /** Told once why it ended by itself; what it returns is what everybody gets who waits or asks from then on. */
  ended(reason: Error): Error;
  warned(message: string): void;
}

export function createThread(worker: Worker, { ended, warned }: ThreadEvents): Thread {
  const waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
  let next = 0;
  let fault: Error | undefined;

  function end(reason: () => Error): void {
    if (fault) return;
    fault = reason();
    for (const { reject } of waiting.values()) reject(fault);
    waiting.clear();
  }

  worker.on('message', (answer: FromThread) => {
    if ('warning' in answer) return warned(answer.warning);
    const one = waiting.get(answer.id);
    waiting.delete(answer.id);
    if ('value' in answer) return one?.resolve(answer.value as never);
    const { code, message, retryable } = answer.error;
    one?.reject(new AppError(code, message, { retryable }));
  });
  worker.on('error', (error: Error) => end(() => ended(error)));
  worker.on('exit', (code) => end(() => ended(new Error(`it was ended (exit code ${code})`))));

  return {
    ask: (ask) =>
      new Promise((resolve, reject) => {
        if (fault) return reject(fault);
        const message: AskMessage = { id: next++, ask };
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
        worker.postMessage(message);
        waiting.set(message.id, { resolve, reject });
      }),
    async stop() {
      end(() => new Error('the thread was stopped'));
      await worker.terminate();
    },
  };
}
