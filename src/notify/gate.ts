/**
 * How many attempts at one receiver are under way at once. One that asks for a pause gets it, from all attempts; after that they come
 * one at a time, and one more with each that succeeds. Where many wait, and the receiver takes them in one message, they pass as one.
 */
import type { SendResult } from '../receivers/receiver.ts';
import type { Wait } from './wait.ts';

export interface Gate {
  /** Runs the attempt when its turn comes, first come first served. Rejects when the signal aborts before that. */
  pass(attempt: () => Promise<SendResult>, signal: AbortSignal): Promise<SendResult>;
}

/** Those who were let in at the same time: mostly one. */
interface Turn {
  inside: number;
  /** What comes of their message comes of each of them. */
  isAnswered: boolean;
}

/** `crowd`: from so many on all that wait pass at the same time, and count as one; default: each by itself. */
export function createGate(concurrencyMax: number, wait: Wait, crowd = Infinity): Gate {
  const waiting = new Set<(turn: Turn) => void>();
  let allowed = concurrencyMax;
  let active = 0;
  /** Pauses under way: what comes waits for the longest. */
  let pauses = 0;

  function open(): void {
    if (pauses > 0) return;
    while (waiting.size > 0 && active < allowed) {
      const entering = [...waiting].slice(0, waiting.size < crowd ? 1 : waiting.size);
      const turn = { inside: entering.length, isAnswered: false };
      active += 1;
      for (const enter of entering) {
        waiting.delete(enter);
        enter(turn);
      }
    }
  }

  function turnFor(signal: AbortSignal): Promise<Turn> {
    return new Promise((resolve, reject) => {
      const enter = (turn: Turn): void => {
        signal.removeEventListener('abort', giveUp);
        resolve(turn);
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

  function hear(result: SendResult, turn: Turn, signal: AbortSignal): void {
    if (turn.isAnswered) return;
    // Whom nothing was sent for has no answer.
    turn.isAnswered = result.ok || result.retryAfterMs !== undefined;
    if (result.ok) allowed = Math.min(concurrencyMax, allowed + 1);
    else if (result.retryAfterMs !== undefined) void pause(result.retryAfterMs, signal);
  }

  return {
    async pass(attempt, signal) {
      signal.throwIfAborted();
      const turn = await turnFor(signal);
      try {
        const result = await attempt();
        hear(result, turn, signal);
        return result;
      } finally {
        turn.inside -= 1;
        if (turn.inside === 0) active -= 1;
        open();
      }
    },
  };
}
