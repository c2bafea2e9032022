/**
 * What one receiver is told of: each alert event is judged when its turn comes, and rung with retries. Events of one segment and
 * alert type wait for one another, so that an end never overtakes its beginning; all others go side by side, but where they are read at
 * this machine.
 */
import type { Clock } from '../core/clock.ts';
import { formatDuration } from '../core/duration.ts';
import type { Logger } from '../core/logger.ts';
import type { AlertEvent } from '../receivers/alert-event.ts';
import type { Receiver } from '../receivers/receiver.ts';
import { objectionTo, ringsByClock, type Decision, type DecideSettings } from './decide.ts';
import { deliver, type RetrySettings } from './deliver.ts';
import { createGate } from './gate.ts';
import { createLanes } from './lanes.ts';
import { segmentKey, type NotificationLog } from './notification-log.ts';
import { createPatience } from './patience.ts';
import type { SilenceBook } from './silence-book.ts';
import { timesOf, type Silence } from './silence.ts';
import type { Wait } from './wait.ts';

export interface Notified {
  readonly alertId: string;
  readonly receiver: string;
  readonly decision: Decision;
  /** Why it failed. */
  readonly reason?: string;
}

export interface ReceiverQueue {
  readonly receiver: string;
  /** Offset of the first alert event that is not dealt with; undefined: none was offered yet. */
  next(): number | undefined;
  /**
   * The event at this offset of `p.alerts`; offsets ascending. Resolves when it is dealt with; to undefined when the queue was stopped
   * before that.
   */
  offer(offset: number, event: AlertEvent): Promise<Notified | undefined>;
  /** Resolves when fewer events wait than may. */
  room(): Promise<void>;
  /** Tells of stale alerts that still fire. */
  settle(): Promise<Notified | undefined>[];
  /** Whether a silence keeps alerts back, or has. */
  hasSilenced(): boolean;
  /**
   * Tells of alerts that still fire and are silenced no more; not `caughtUp`: only of those that ring by the clock, as the others may have
   * ended in what is not read yet. A promise for each attempt: to undefined where there was nothing to tell after all.
   */
  endSilences(caughtUp: boolean): Promise<Notified | undefined>[];
  /** Forgets alerts that wait to be told: the receiver has missed what became of them. */
  forgetWaiting(): void;
  /** Events that are not dealt with. */
  waiting(): number;
}

export interface QueueSettings extends DecideSettings {
  readonly retry: RetrySettings;
  /** Attempts under way at once. */
  readonly concurrency: number;
  /** Events that may wait here; the rest waits in the log. */
  readonly waitingMax: number;
}

export interface QueueDeps {
  readonly receiver: Receiver;
  readonly log: NotificationLog;
  readonly silences: Pick<SilenceBook, 'holding' | 'get'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly wait: Wait;
  /** Ends what is under way; it is begun anew after the next start. */
  readonly stop: AbortSignal;
  readonly onDecided: (decision: Decision) => void;
}

/** One notification that failed so often is worth a line: before that it may be a hiccup, and long after it somebody may wait for it. */
const FAILURES_UNTOLD = 4;
/** Silenced alerts for which is asked at once whether a silence holds; for the others the next time. It is a long list that is gone through. */
const ASKED_MAX = 1_000;

export function createReceiverQueue(settings: QueueSettings, deps: QueueDeps): ReceiverQueue {
  const { receiver, log, silences, clock, logger, stop } = deps;
  const gate = createGate(settings.concurrency, deps.wait);
  const patience = createPatience(settings.retry, clock);
  const lanes = createLanes();
  /** Offered and not dealt with, ascending. */
  const open = new Set<number>();
  const settling = new Set<string>();
  /** By alert that is silenced, the silence by which it is known to be. */
  const silencedBy = new WeakMap<AlertEvent, { readonly silence: Silence; readonly endMs: number }>();
  const forRoom = new Set<() => void>();
  let highest = -1;
  /** That it does not take notifications, and why the last one was given up: told once, until one succeeds. */
  let trouble: { readonly reason?: string; givenUp: number } | undefined;

  /** Who reads at this machine reads from above to below: everything in its order. */
  function laneOf(event: AlertEvent): string {
    return receiver.local ? 'all' : segmentKey(event);
  }

  async function judge(event: AlertEvent): Promise<Notified | undefined> {
    if (stop.aborted) return undefined;
    const against = objection(event);
    if (against === 'stale') {
      const within = formatDuration(settings.notifyWithinMs ?? 0);
      logger.info(`alert ${event.alert_id} of ${event.alert_time} is older than ${within}: not told to ${receiver.name} now`);
    }
    if (against === 'silenced') return silentAbout(event);
    return against === undefined ? ring(event) : conclude(event, against);
  }

  function objection(event: AlertEvent, silenced = silenceOf(event) !== undefined): Decision | undefined {
    return objectionTo(event, receiver, { ...settings, told: log.told(receiver.name, event), silenced, nowMs: clock.now() });
  }

  /** Ends are told to whoever was told of the beginning: they close what is open there. */
  function silenceOf(event: AlertEvent): Silence | undefined {
    return event.status === 'firing' ? silences.holding(event, clock.now()) : undefined;
  }

  async function ring(event: AlertEvent): Promise<Notified | undefined> {
    const notification = { alert: event, dedupKey: `${event.alert_id}/${event.status}/${event.alert_time}` };
    let silenced = false;
    // A silence that begins while it is tried again and again ends that.
    const unlessSilenced: Receiver = {
      ...receiver,
      async send(told, signal) {
        silenced = silenceOf(event) !== undefined;
        return silenced ? { ok: false, retryable: false, reason: 'silenced' } : receiver.send(told, signal);
      },
    };
    const attempts = { receiver: unlessSilenced, gate, patience, retry: settings.retry, wait: deps.wait, onRetry };
    const result = await deliver(notification, attempts, stop).catch((error: unknown) => {
      if (stop.aborted) return undefined;
      throw error;
    });
    if (!result) return undefined;
    if (silenced) return silentAbout(event);
    if (result.ok) return recovered(conclude(event, 'sent'));
    giveUp(event, result.reason);
    return { ...conclude(event, 'failed'), reason: result.reason };
  }

  /** Asks again only when the silence by which it was is over, or is another by now. */
  function isStillSilenced(event: AlertEvent): boolean {
    const known = silencedBy.get(event);
    return known !== undefined && clock.now() < known.endMs && silences.get(known.silence.id) === known.silence;
  }

  function isSilenced(event: AlertEvent): boolean {
    const silence = silenceOf(event);
    if (silence) silencedBy.set(event, { silence, endMs: timesOf(silence).endMs });
    return silence !== undefined;
  }

  function silentAbout(event: AlertEvent): Notified {
    isSilenced(event);
    const until = silencedBy.get(event)?.silence.ends_at;
    logger.info(`alert ${event.alert_id} is silenced${until === undefined ? '' : ` until ${until}`}: not told to ${receiver.name}`);
    return conclude(event, 'silenced');
  }

  /** Records what was decided: who has been told, who still waits, who hears no more. */
  function conclude(event: AlertEvent, decision: Decision): Notified {
    deps.onDecided(decision);
    const resolved = event.status === 'resolved';
    const last = log.told(receiver.name, event);
    if (decision === 'sent' && !resolved) {
      log.setTold(receiver.name, event, { alertId: event.alert_id, timeMs: Date.parse(event.alert_time), resolved: false });
    } else if (resolved && last?.alertId === event.alert_id) {
      // Over, whether or not its end could be told. The cooldown still counts from its last bell.
      log.setTold(receiver.name, event, { ...last, resolved: true });
    }
    if (decision === 'stale') log.hold(receiver.name, event);
    else if (decision === 'silenced') log.keepSilenced(receiver.name, event);
    // Of one that is folded its speaker tells.
    else if (resolved || decision === 'sent' || decision === 'folded') log.release(receiver.name, event.alert_id);
    return { alertId: event.alert_id, receiver: receiver.name, decision };
  }

  async function settleOne(event: AlertEvent): Promise<Notified | undefined> {
    // It may have ended, or been told by a reminder, while it waited for its turn.
    if (!log.isWaiting(receiver.name, event.alert_id)) return undefined;
    // What is silenced goes on waiting.
    if (isSilenced(event)) return undefined;
    const against = objection(event, false);
    if (against !== undefined && against !== 'stale') {
      // That does not change for this event any more: the alert's next reminder rings.
      log.release(receiver.name, event.alert_id);
      return undefined;
    }
    const notified = await ring(event);
    // Tried once: should it have failed, the alert's next reminder rings.
    if (notified && notified.decision !== 'silenced') log.release(receiver.name, event.alert_id);
    return notified;
  }

  function onRetry(reason: string, failures: number): void {
    if (trouble || failures < FAILURES_UNTOLD) return;
    trouble = { givenUp: 0 };
    logger.warn(`${receiver.name} does not take notifications: ${reason}; tried again for ${formatDuration(settings.retry.retryForMs)}`);
  }

  function giveUp(event: AlertEvent, reason: string): void {
    log.giveUp(receiver.name, event, reason, clock.now());
    if (trouble?.reason === reason) {
      trouble.givenUp += 1;
      return;
    }
    trouble = { reason, givenUp: (trouble?.givenUp ?? 0) + 1 };
    logger.warn(`alert ${event.alert_id} could not be sent to ${receiver.name}: ${reason}`);
  }

  function recovered(notified: Notified): Notified {
    if (trouble) logger.info(`${receiver.name} takes notifications again; given up before that: ${trouble.givenUp}`);
    trouble = undefined;
    return notified;
  }

  function dealtWith(offset: number): void {
    const [first] = open;
    open.delete(offset);
    const [next = offset + 1] = open;
    // What lies behind the first open one is done; where this was the last open one, `highest` is.
    if (first === offset) log.setNext(receiver.name, open.size === 0 ? highest + 1 : next);
    if (open.size < settings.waitingMax) letIn();
  }

  function letIn(): void {
    for (const resolve of forRoom) resolve();
    forRoom.clear();
  }
  stop.addEventListener('abort', letIn, { once: true });

  /** Of those that are not being told already. */
  function notSilenced(waiting: Iterable<AlertEvent>, isMeant: (event: AlertEvent) => boolean = () => true): AlertEvent[] {
    const found: AlertEvent[] = [];
    let asked = 0;
    for (const event of waiting) {
      if (!isMeant(event) || settling.has(event.alert_id) || isStillSilenced(event)) continue;
      if (!isSilenced(event)) found.push(event);
      asked += 1;
      if (asked === ASKED_MAX) break;
    }
    return found;
  }

  function settleAll(due: readonly AlertEvent[]): Promise<Notified | undefined>[] {
    return due.map(async (event) => {
      settling.add(event.alert_id);
      return lanes.run(laneOf(event), () => settleOne(event)).finally(() => settling.delete(event.alert_id));
    });
  }

  return {
    receiver: receiver.name,
    next: () => log.next(receiver.name),
    async offer(offset, event) {
      const begun = log.next(receiver.name);
      if (begun !== undefined && offset < begun) return conclude(event, 'recorded');
      open.add(offset);
      highest = Math.max(highest, offset);
      const notified = await lanes.run(laneOf(event), () => judge(event));
      if (notified) dealtWith(offset);
      return notified;
    },
    async room() {
      while (open.size >= settings.waitingMax && !stop.aborted) await new Promise<void>((resolve) => forRoom.add(resolve));
    },
    settle: () => settleAll(notSilenced(log.held(receiver.name))),
    hasSilenced: () => log.hasSilenced(receiver.name),
    endSilences: (caughtUp) => settleAll(notSilenced(log.silenced(receiver.name), caughtUp ? undefined : ringsByClock)),
    forgetWaiting: () => log.releaseAll(receiver.name),
    waiting: () => open.size + settling.size,
  };
}
