/**
 * How many attempts at one receiver are under way at once. One that asks for a pause gets it, from all attempts; after that they come
 * one at a time, and one more with each that succeeds.
 */
import type { SendResult } from '../receivers/receiver.ts';
import type { Wait } from './wait.ts';

export interface Gate {
  /** Runs the attempt when its turn comes, first come first served. Rejects when the signal aborts before that. */
  pass(attempt: () => Promise<SendResult>, signal: AbortSignal): Promise<SendResult>;
}

export function createGate(concurrencyMax: number, wait: Wait): Gate {
  const waiting = new Set<() => void>();
  let allowed = concurrencyMax;
  let active = 0;
  /** Pauses under way: what comes waits for the longest. */
  let pauses = 0;

  function open(): void {
    for (const enter of waiting) {
      if (pauses > 0 || active >= allowed) return;
      waiting.delete(enter);
      active += 1;
      enter();
    }
  }

  function turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const enter = (): void => {
        signal.removeEventListener('abort', giveUp);
        resolve();
      };
      const giveUp = (): void => {
        waiting.delete(enter);
        reject(signal.reason);
      };
      signal.addEventListener('abort', giveUp, { once: true });
      waiting.add(enter);
      open();
    });
  }

  async function pause(ms: number, signal: AbortSignal): Promise<void> {
    pauses += 1;
    allowed = 1;
    await wait(ms, signal).catch(() => {});
    pauses -= 1;
    open();
  }

  return {
    async pass(attempt, signal) {
      signal.throwIfAborted();
      await turn(signal);
      try {
        const result = await attempt();
        if (result.ok) allowed = Math.min(concurrencyMax, allowed + 1);
        else if (result.retryAfterMs !== undefined) void pause(result.retryAfterMs, signal);
        return result;
      } finally {
        active -= 1;
        open();
      }
    },
  };
}
