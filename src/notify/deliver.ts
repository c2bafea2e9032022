/** One notification to one receiver: attempts with a growing wait between them, each bounded in time. */
import { setTimeout as timer } from 'node:timers/promises';
import type { Notification, Receiver, SendResult } from '../receivers/receiver.ts';
import type { Gate } from './gate.ts';

export interface RetrySettings {
  readonly attempts: number;
  /** Doubles after each failure, up to `longestWaitMs`. */
  readonly firstWaitMs: number;
  readonly longestWaitMs: number;
  readonly attemptTimeoutMs: number;
  /** So many answers that ask for a pause count as no attempt: the receiver is there, and busy. */
  readonly pauses: number;
}

export const defaultRetry: RetrySettings = {
  attempts: 5,
  firstWaitMs: 1_000,
  longestWaitMs: 30_000,
  attemptTimeoutMs: 10_000,
  pauses: 60,
};

/** Resolves after `ms`; rejects when the signal aborts. */
export type Wait = (ms: number, signal: AbortSignal) => Promise<void>;

export const systemWait: Wait = async (ms, signal) => {
  await timer(ms, undefined, { signal });
};

export interface DeliverDeps {
  readonly receiver: Receiver;
  readonly gate: Gate;
  readonly retry: RetrySettings;
  readonly wait: Wait;
}

/** Rejects only when the signal aborts: then it may have been told or not. A failure that is not retryable ends the attempts at once. */
export async function deliver(
  notification: Notification,
  { receiver, gate, retry, wait }: DeliverDeps,
  signal: AbortSignal,
): Promise<SendResult> {
  let waitMs = retry.firstWaitMs;
  let pauses = 0;
  for (let attempt = 1; ;) {
    signal.throwIfAborted();
    const result = await gate.pass(() => tryOnce(receiver, notification, retry.attemptTimeoutMs, wait, signal), signal);
    if (result.ok || !result.retryable) return result;
    // The gate keeps the pause, for all that is sent to this receiver.
    if (result.retryAfterMs !== undefined && pauses++ < retry.pauses) continue;
    if (attempt >= retry.attempts) return result;
    attempt += 1;
    await wait(waitMs, signal);
    waitMs = Math.min(2 * waitMs, retry.longestWaitMs);
  }
}

async function tryOnce(
  receiver: Receiver,
  notification: Notification,
  timeoutMs: number,
  wait: Wait,
  stop: AbortSignal,
): Promise<SendResult> {
  const attempt = new AbortController();
  const limit = new AbortController();
  const sent = send(receiver, notification, AbortSignal.any([attempt.signal, stop]));
  const tooLong = wait(timeoutMs, limit.signal).then(
    (): SendResult => ({ ok: false, retryable: true, reason: `no answer within ${timeoutMs} ms` }),
    // The limit was lifted because the receiver answered.
    () => sent,
  );
  const result = await Promise.race([sent, tooLong, aborted(stop, limit.signal)]);
  limit.abort();
  attempt.abort();
  return result;
}

/** Rejects when `stop` aborts, so that a receiver that heeds no signal cannot hold up the end; forgotten when `done` aborts. */
function aborted(stop: AbortSignal, done: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    stop.addEventListener('abort', () => reject(stop.reason), { once: true, signal: done });
  });
}

/** What a receiver throws is a lost connection or a bug of it: in both cases the next attempt may succeed. */
async function send(receiver: Receiver, notification: Notification, signal: AbortSignal): Promise<SendResult> {
  try {
    return await receiver.send(notification, signal);
  } catch (error) {
    return { ok: false, retryable: true, reason: error instanceof Error ? error.message : String(error) };
  }
}
