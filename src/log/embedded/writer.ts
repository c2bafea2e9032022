/**
 * The thread that writes the file, as the one that serves sees it. SQLite waits for the disk where a page that it changes has left memory, and copies what it
 * writes: both are that thread's.
 */
import { MessageChannel, receiveMessageOnPort, Worker, type MessagePort } from 'node:worker_threads';
import { AppError } from '../../core/errors.ts';
import type { TopicInfo, TopicSettings } from '../log.ts';
import type { Retired } from './bounds.ts';
import type { Piece } from './pieces.ts';
import type { Due } from './retention.ts';
import { errorOf, type UnitToWrite, type WriteAnswer, type WriterAnswer, type WriterOrder, type WriterThread } from './writer-messages.ts';

/** Orders are carried out one after the other. Each is rejected with what the file refuses (`explainSqliteError`), or with `thread_ended`. */
export interface Writer {
  /** One transaction. The pieces are handed over, and come back with the answer. */
  write(units: readonly UnitToWrite[], pieces: Piece[]): Promise<WriteAnswer>;
  ensure(name: string, settings: TopicSettings, newId: string): Promise<TopicInfo>;
  /** As `Retention`. */
  due(now: number): Promise<Due | undefined>;
  retire(topic: TopicInfo, now: number): Promise<readonly Retired[]>;
  /** Holds the calling thread until all that was asked is carried out, for the end of a process. Who asked is told when the event loop goes on. */
  finish(): void;
  /** Carries out what was asked, then closes the file and ends the thread; nothing is asked of it from the call on. Never rejects. */
  close(): Promise<void>;
}

export interface WriterConfig extends Pick<WriterThread, 'path' | 'checkpointBytes'> {
  /** Told when the thread ends by itself: from then on nothing can be written. */
  readonly onEnded?: ((error: AppError) => void) | undefined;
}

interface Asked {
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
}

/** A thread that does not answer for so long while a process waits to end has ended. */
const GIVEN_UP_MS = 30_000;

const startThread = (workerData: WriterThread): Worker =>
  new Worker(new URL('./writer-thread.ts', import.meta.url), {
    workerData,
    transferList: [workerData.port],
    resourceLimits: { maxYoungGenerationSizeMb: 4 },
  });

/** The thread is started when it is first asked. */
export function createWriter({ onEnded, ...file }: WriterConfig, start = startThread): Writer {
  const answered = new Int32Array(new SharedArrayBuffer(4));
  const asked: Asked[] = [];
  let thread: { readonly worker: Worker; readonly port: MessagePort } | undefined;
  let ended: Error | undefined;
  let closing: Promise<void> | undefined;

  /** Who waits for an answer keeps the process alive, and the thread with it: what becomes of that is told as well. */
  function holdProcess(isHeld: boolean): void {
    for (const one of [thread?.worker, thread?.port]) {
      if (isHeld) one?.ref();
      else one?.unref();
    }
  }

  function take(answer: WriterAnswer): void {
    const one = asked.shift();
    if (asked.length === 0) holdProcess(false);
    if ('fault' in answer) one?.reject(errorOf(answer.fault));
    else one?.resolve(answer.value as never);
  }

  function threadEnded(what: string, cause: unknown, retryable: boolean): AppError {
    const why = cause instanceof Error ? `: ${cause.message}` : '';
    const message = `the thread that writes ${file.path} ${what}${why}. Nothing committed is lost; ${retryable ? 'try' : 'start'} again.`;
    return new AppError('thread_ended', message, { retryable, cause });
  }

  /** What has been answered. */
  function takeNext(): boolean {
    const got: { message: WriterAnswer } | undefined = thread && receiveMessageOnPort(thread.port);
    if (got) take(got.message);
    return got !== undefined;
  }

  function fail(cause: unknown): void {
    // The end of a thread is told before its last words: those who have been answered are told so.
    while (takeNext());
    if (!ended) {
      const error = threadEnded('has ended', cause, false);
      ended = error;
      onEnded?.(error);
    }
    for (const { reject } of asked.splice(0)) reject(ended);
    holdProcess(false);
    thread?.port.close();
  }

  function started(): { readonly worker: Worker; readonly port: MessagePort } {
    const { port1: port, port2 } = new MessageChannel();
    const worker = start({ ...file, port: port2, answered });
    worker.on('error', fail);
    worker.on('exit', fail);
    port.on('message', take);
    return { worker, port };
  }

  function ask<T>(order: WriterOrder, transfer: readonly ArrayBuffer[] = []): Promise<T> {
    return new Promise((resolve, reject) => {
      if (ended) return reject(ended);
      try {
        thread ??= started();
      } catch (error) {
        return reject(threadEnded('cannot be started', error, true));
      }
      thread.port.postMessage(order, transfer);
      asked.push({ resolve, reject });
      holdProcess(true);
    });
  }

  async function close(): Promise<void> {
    const closed = thread && !ended && ask<void>({ do: 'close' });
    ended ??= new Error('the log is closed');
    // One that ends by itself instead has told so to those who asked before.
    await Promise.allSettled([closed]);
    await thread?.worker.terminate();
  }

  return {
    write: (units, pieces) =>
      ask(
        { do: 'write', units, pieces },
        pieces.map(({ buffer }) => buffer),
      ),
    ensure: (name, settings, newId) => ask({ do: 'ensure', name, settings, newId }),
    due: (now) => ask({ do: 'due', now }),
    retire: (topic, now) => ask({ do: 'retire', topic, now }),
    finish() {
      while (asked.length > 0) {
        const before = Atomics.load(answered, 0);
        if (takeNext()) continue;
        if (Atomics.wait(answered, 0, before, GIVEN_UP_MS) === 'timed-out') return fail(undefined);
      }
    },
    close: () => (closing ??= close()),
  };
}
