/** Tells of alerts that wait: of ends at once and, where that fails, again, of stale ones once the past is caught up with, of silenced ones once no silence holds. */
import { sleep } from '../core/clock.ts';
import type { Notifier } from '../notify/notifier.ts';
import type { ReceiverQueue } from '../notify/receiver-queue.ts';
import type { SilenceTail } from './silence-tail.ts';

/** How far the events behind the alerts are read. */
export interface CaughtUp {
  /**
   * Event time that has been caught up with, epoch ms: of alerts up to it all stands in the log. Undefined: stale alerts are not told later.
   */
  readonly watermark: () => number | undefined | Promise<number | undefined>;
  /**
   * Whether all events are read and what follows from them is told: then nothing that is not read can have ended an alert, however long ago
   * the last event was. Asked once a second at most, while silences keep alerts back and the watermark is not near.
   */
  readonly isReadToEnd: () => Promise<boolean>;
}

export interface WaitingDeps extends CaughtUp {
  readonly notifier: Pick<Notifier, 'settle' | 'tellEnds' | 'isCaughtUp' | 'queues'>;
  readonly silences: SilenceTail;
  /** Queues that know of all alert events that are there. */
  readonly upToDate: () => Promise<readonly ReceiverQueue[]>;
  /** Told of what is being told: it is to be recorded. */
  readonly onTelling: (tellings: ReturnType<ReceiverQueue['settle']>) => void;
}

/** How often is looked for new silences, and for what may be told by now, beside what alerts ask for. */
const POLL_MS = 250;
const READ_TO_END_POLL_MS = 1_000;

/** Until the signal. What is being told then goes on. */
export async function tellWaiting(deps: WaitingDeps, signal: AbortSignal): Promise<void> {
  const { notifier, silences, watermark, onTelling } = deps;
  let askedAt = -Infinity;
  let wasReadToEnd = false;

  /** Of the past nobody is paged because the events end there: by the watermark alone `settle` goes. What is silenced was news when it came. */
  async function endSilences(ms: number): Promise<void> {
    await silences.catchUp();
    if (!notifier.queues.some((queue) => queue.hasSilenced())) return;
    const at = await watermark();
    const isNear = at !== undefined && notifier.isCaughtUp(at);
    if (!isNear && ms - askedAt >= READ_TO_END_POLL_MS) {
      askedAt = ms;
      wasReadToEnd = await deps.isReadToEnd();
    }
    const caughtUp = isNear || wasReadToEnd;
    // One that has not heard of the end of an alert yet is told no more of its beginning.
    for (const queue of await deps.upToDate()) onTelling(queue.endSilences(caughtUp));
  }

  async function settle(): Promise<void> {
    if (!notifier.queues.some((queue) => queue.hasHeld())) return;
    const at = await watermark();
    if (at === undefined || !notifier.isCaughtUp(at)) return;
    // After the watermark, so that they know of all ends up to it.
    const upToDate = await deps.upToDate();
    onTelling(notifier.settle(at, upToDate));
  }

  // At once, also in a run that is to end already: they go before what is read next.
  onTelling(notifier.tellEnds());
  for (let ms = 0; !signal.aborted; ms += POLL_MS) {
    if (ms > 0) onTelling(notifier.tellEnds());
    await settle();
    await endSilences(ms);
    await sleep(POLL_MS, signal);
  }
}
