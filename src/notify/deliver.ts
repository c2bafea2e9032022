/** One notification to one receiver: attempts with a growing wait between them, each bounded in time. */
import { setTimeout as timer } from 'node:timers/promises';
import type { Notification, Receiver, SendResult } from '../receivers/receiver.ts';

export interface RetrySettings {
  readonly attempts: number;
  /** Doubles after each failure, up to `longestWaitMs`. */
  readonly firstWaitMs: number;
  readonly longestWaitMs: number;
  readonly attemptTimeoutMs: number;
}

export const defaultRetry: RetrySettings = { attempts: 5, firstWaitMs: 1_000, longestWaitMs: 30_000, attemptTimeoutMs: 10_000 };

/** Resolves after `ms`; rejects when the signal aborts. */
export type Wait = (ms: number, signal: AbortSignal) => Promise<void>;

export const systemWait: Wait = async (ms, signal) => {
  await timer(ms, undefined, { signal });
};

/** Never rejects. A failure that is not retryable ends the attempts at once. */
export async function deliver(receiver: Receiver, notification: Notification, retry: RetrySettings, wait: Wait): Promise<SendResult> {
  let waitMs = retry.firstWaitMs;
  for (let attempt = 1; ; attempt += 1) {
    const result = await tryOnce(receiver, notification, retry.attemptTimeoutMs, wait);
    if (result.ok || !result.retryable || attempt >= retry.attempts) return result;
    await wait(waitMs, new AbortController().signal);
    waitMs = Math.min(2 * waitMs, retry.longestWaitMs);
  }
}

async function tryOnce(receiver: Receiver, notification: Notification, timeoutMs: number, wait: Wait): Promise<SendResult> {
  const attempt = new AbortController();
  const limit = new AbortController();
  const sent = send(receiver, notification, attempt.signal);
  const tooLong = wait(timeoutMs, limit.signal).then(
    (): SendResult => ({ ok: false, retryable: true, reason: `no answer within ${timeoutMs} ms` }),
    // The limit was lifted because the receiver answered.
    () => sent,
  );
  const result = await Promise.race([sent, tooLong]);
  limit.abort();
  attempt.abort();
  return result;
}

/** What a receiver throws is a lost connection or a bug of it: in both cases the next attempt may succeed. */
async function send(receiver: Receiver, notification: Notification, signal: AbortSignal): Promise<SendResult> {
  try {
    return await receiver.send(notification, signal);
  } catch (error) {
    return { ok: false, retryable: true, reason: error instanceof Error ? error.message : String(error) };
  }
}
