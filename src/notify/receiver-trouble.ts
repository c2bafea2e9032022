/** What the person at the terminal hears of a receiver that does not take notifications: each trouble once, until one is taken again. */
import { formatDuration } from '../core/duration.ts';
import type { Logger } from '../core/logger.ts';
import type { AlertEvent } from '../receivers/alert-event.ts';

export interface ReceiverTrouble {
  /** A notification has failed so often and is tried again. */
  retried(reason: string, failures: number): void;
  givenUp(event: AlertEvent, reason: string): void;
  /** One was taken. */
  over(): void;
}

/** One notification that failed so often is worth a line: before that it may be a hiccup, and long after it somebody may wait for it. */
const FAILURES_UNTOLD = 4;

export function createReceiverTrouble(receiver: string, retryForMs: number, logger: Logger): ReceiverTrouble {
  /** `reason`: why the last one was given up. */
  let trouble: { readonly reason?: string; givenUp: number } | undefined;

  return {
    retried(reason, failures) {
      if (trouble || failures < FAILURES_UNTOLD) return;
      trouble = { givenUp: 0 };
      logger.warn(`${receiver} does not take notifications: ${reason}; tried again for ${formatDuration(retryForMs)}`);
    },
    givenUp(event, reason) {
      if (trouble?.reason === reason) {
        trouble.givenUp += 1;
        return;
      }
      trouble = { reason, givenUp: (trouble?.givenUp ?? 0) + 1 };
      logger.warn(`alert ${event.alert_id} could not be sent to ${receiver}: ${reason}`);
    },
    over() {
      if (trouble) logger.info(`${receiver} takes notifications again; given up before that: ${trouble.givenUp}`);
      trouble = undefined;
    },
  };
}
