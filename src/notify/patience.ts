/** How long a receiver that does not take notifications is tried again, and when it is given up. */
import type { Clock } from '../core/clock.ts';
import type { NotSent, SendResult } from '../receivers/receiver.ts';

export interface PatienceSettings {
  /** A notification is tried again for so long after the attempt that failed first, ms. */
  readonly retryForMs: number;
  /** While every answer asks for a pause, for so long, ms: the receiver is there, and busy. A pause beyond that is not waited for. */
  readonly pausesForMs: number;
  /**
   * False: each notification has that time for itself. True: all have it together, from the first failure since the receiver took
   * one; what is still to be sent then is given up untried, and a new one is tried once `retryForMs` later. For runs that end.
   */
  readonly shared: boolean;
}

export interface Patience {
  /** Of one notification. */
  begin(): Trial;
}

export interface Trial {
  /** Makes the attempt, or none where the receiver was just given up. A failure after which no other attempt is due is not retryable. */
  attempt(send: () => Promise<SendResult>): Promise<SendResult>;
  /** What is left after the last failure, ms. */
  leftMs(): number;
}

/** Moments of the elapsed clock, ms. */
interface Failing {
  /** Beginning of the first attempt that failed since the receiver last answered otherwise. */
  sinceMs?: number;
  /** Beginning of the first attempt that was answered with a pause. */
  busySinceMs?: number;
  givenUp?: { readonly atMs: number; readonly reason: string };
}

export function createPatience(settings: PatienceSettings, clock: Pick<Clock, 'elapsed'>): Patience {
  const { retryForMs, pausesForMs, shared } = settings;
  const together: Failing = {};

  function begin(): Trial {
    const failing = shared ? together : {};
    let leftMs = 0;

    /** Ms until no other attempt is due. */
    function left(result: NotSent, startedMs: number): number {
      if (result.retryAfterMs === undefined) {
        failing.sinceMs ??= startedMs;
        return failing.sinceMs + retryForMs - clock.elapsed();
      }
      delete failing.sinceMs;
      failing.busySinceMs ??= startedMs;
      return failing.busySinceMs + pausesForMs - clock.elapsed() - result.retryAfterMs;
    }

    return {
      leftMs: () => leftMs,
      async attempt(send) {
        const { givenUp } = failing;
        const startedMs = clock.elapsed();
        if (shared && givenUp !== undefined && startedMs - givenUp.atMs < retryForMs) return final(givenUp.reason);
        const result = await send();
        if (result.ok || !result.retryable) {
          // It is there, and answers.
          delete failing.sinceMs;
          delete failing.busySinceMs;
          delete failing.givenUp;
          return result;
        }
        leftMs = left(result, startedMs);
        if (leftMs > 0) return result;
        failing.givenUp = { atMs: clock.elapsed(), reason: result.reason };
        return final(result.reason);
      },
    };
  }

  return { begin };
}

/** Without the pause that it may have asked for: nobody waits for it. */
function final(reason: string): NotSent {
  return { ok: false, retryable: false, reason };
}
