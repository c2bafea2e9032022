/** Of a notifier that is tested: what backs off is tried again when the test says so, and no attempt takes too long. */
import { defaultRetry } from '../../src/notify/deliver.ts';
import type { Wait } from '../../src/notify/wait.ts';

export interface HeldWaits {
  readonly wait: Wait;
  /** How many wait. */
  count(): number;
  /** Ends all that wait. */
  tryAgain(): void;
}

export function holdWaits(): HeldWaits {
  const waits: (() => void)[] = [];
  return {
    wait: async (ms, signal) => {
      if (ms === defaultRetry.attemptTimeoutMs) return new Promise(() => {});
      return new Promise((resolve, reject) => {
        waits.push(resolve);
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      });
    },
    count: () => waits.length,
    tryAgain() {
      for (const resolve of waits.splice(0)) resolve();
    },
  };
}
