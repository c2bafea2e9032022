/** One notification to one receiver: attempts with a growing wait between them, each bounded in time. */
import { createHash } from 'node:crypto';
import { createRandom } from '../core/random.ts';
import type { Notification, Receiver, SendResult } from '../receivers/receiver.ts';
import type { Gate } from './gate.ts';
import type { Patience, PatienceSettings } from './patience.ts';
import type { Wait } from './wait.ts';

export interface RetrySettings extends PatienceSettings {
  /** Doubles after each failure, up to `longestWaitMs`; what is waited is between half of it and all of it. */
  readonly firstWaitMs: number;
  readonly longestWaitMs: number;
  readonly attemptTimeoutMs: number;
}

/** Through the restart of a receiver and the outage of a quarter of an hour: as long as an alert is news (`notify_within`). */
export const defaultRetry: RetrySettings = {
  retryForMs: 15 * 60_000,
  pausesForMs: 60 * 60_000,
  shared: false,
  firstWaitMs: 1_000,
  longestWaitMs: 30_000,
  attemptTimeoutMs: 10_000,
};

/** Of a run that ends by itself, which a dead receiver must not hold up. */
export const retryOfOneRun: RetrySettings = { ...defaultRetry, retryForMs: 15_000, pausesForMs: 60_000, shared: true };

export interface DeliverDeps {
  readonly receiver: Receiver;
  readonly gate: Gate;
  readonly patience: Patience;
  readonly retry: RetrySettings;
  readonly wait: Wait;
  /** Asked before each attempt: why none is to be made any more. */
  readonly objection: () => string | undefined;
  /** Told of each failure after which it is tried again. */
  readonly onFailed: () => void;
  /** The same, pauses apart, with their number so far. */
  readonly onRetry: (reason: string, failures: number) => void;
}

/**
 * Rejects only when the signal aborts: then it may have been told or not. A failure that is not retryable ends the attempts at once, and so
 * does an objection, which is the reason then.
 */
export async function deliver(notification: Notification, deps: DeliverDeps, signal: AbortSignal): Promise<SendResult> {
  const { receiver, gate, retry, wait, onRetry } = deps;
  const trial = deps.patience.begin();
  const share = shareOfWait(receiver.name, notification.dedupKey);
  let waitMs = retry.firstWaitMs;
  for (let failures = 1; ;) {
    signal.throwIfAborted();
    const attempt = async (): Promise<SendResult> => {
      const reason = deps.objection();
      if (reason !== undefined) return { ok: false, retryable: false, reason };
      return trial.attempt(() => tryOnce(receiver, notification, retry.attemptTimeoutMs, wait, signal));
    };
    const result = await gate.pass(attempt, signal);
    if (result.ok || !result.retryable) return result;
    deps.onFailed();
    // The gate keeps the pause, for all that is sent to this receiver.
    if (result.retryAfterMs !== undefined) continue;
    onRetry(result.reason, failures++);
    // The last attempt is made when the time is up.
    await wait(Math.min(waitMs * share(), trial.leftMs()), signal);
    waitMs = Math.min(2 * waitMs, retry.longestWaitMs);
  }
}

/** Between a half and one, another for each notification: those that failed together do not come back together. */
function shareOfWait(receiver: string, dedupKey: string): () => number {
  const seed = createHash('sha256').update(`${receiver} ${dedupKey}`).digest();
  const random = createRandom(seed.readUInt32LE(0), seed.readUInt32LE(4));
  return () => 0.5 + random.unit() / 2;
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
  try {
    return await Promise.race([sent, tooLong, aborted(stop, limit.signal)]);
  } finally {
    limit.abort();
    attempt.abort();
  }
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
