/**
 * What one receiver is told of: each alert event is judged when its turn comes, and rung with retries. Events of one segment and
 * alert type wait for one another, and so do those of one alert, so that an end never overtakes its beginning; all others go side by side,
 * but where they are read at this machine.
 */
import type { Clock } from '../core/clock.ts';
import { formatDuration } from '../core/duration.ts';
import type { Logger } from '../core/logger.ts';
import { timeText, type Zone } from '../core/told-time.ts';
import type { AlertEvent } from '../receivers/alert-event.ts';
import type { Receiver } from '../receivers/receiver.ts';
import { newsForMs, objectionTo, ringsByClock, tellsNothing, type Circumstances, type Decision, type DecideSettings } from './decide.ts';
import { deliver, type DeliverDeps, type RetrySettings } from './deliver.ts';
import { createGate } from './gate.ts';
import { createKnownSilences } from './known-silences.ts';
import { createLanes } from './lanes.ts';
import { segmentKey, type NotificationLog } from './notification-log.ts';
import { createOpenOffsets } from './open-offsets.ts';
import { createPatience } from './patience.ts';
import { createReceiverTrouble } from './receiver-trouble.ts';
import { createSecondTries, isToldOnce } from './second-tries.ts';
import type { SilenceBook } from './silence-book.ts';
import { createSlightAlerts } from './slight-alerts.ts';
import { createTakenIn } from './taken-in.ts';
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
  /** What stands at this offset is not for this receiver: it is dealt with. */
  pass(offset: number): void;
  /** Whether it is the end of an alert that the receiver was told of. */
  isOwed(event: AlertEvent): boolean;
  /** Resolves when fewer events wait than may. */
  room(): Promise<void>;
  /** Whether an alert that still fires waits for `settle`. */
  hasHeld(): boolean;
  /** Tells of stale alerts that still fire, and of those that nothing repeats. */
  settle(): Promise<Notified | undefined>[];
  /**
   * Tells of the ends that a run which tells nothing left, at the start: before anything else of their segments, whatever the time and silences.
   * Later of those whose delivery failed.
   */
  tellEnds(): Promise<Notified | undefined>[];
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
  /** By whose clock log lines tell times; default UTC. */
  readonly zone?: Zone;
  readonly retry: RetrySettings;
  /** Attempts under way at once. */
  readonly concurrency: number;
  /** Events that may wait here; the rest waits in the log. */
  readonly waitingMax: number;
  /** Alert events before this offset arose before this run. */
  readonly dueBefore: number;
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

/** In place of the offset of what waited: whatever is read since is newer. */
const WAITED = -1;

export function createReceiverQueue(settings: QueueSettings, deps: QueueDeps): ReceiverQueue {
  const { receiver, log, clock, logger, stop } = deps;
  const gate = createGate(settings.concurrency, deps.wait);
  const patience = createPatience(settings.retry, clock);
  const again = createSecondTries(clock, settings.outOfOrdernessMs);
  /** Who is tried again and again needs none, and holds up nothing else. */
  const shortPatience = settings.retry.shared ? patience : createPatience({ ...settings.retry, retryForMs: 0 }, clock);
  const lanes = createLanes();
  const open = createOpenOffsets(settings.waitingMax, stop);
  const silences = createKnownSilences(deps.silences, clock);
  const taken = createTakenIn(receiver.name, log);
  const slight = createSlightAlerts(receiver.match);
  const trouble = createReceiverTrouble(receiver.name, settings.retry.retryForMs, logger);
  /** What waits for this receiver goes on waiting. */
  const isUntold = tellsNothing(receiver, settings);
  /** Events that are not dealt with, by their offsets; the oldest first. */
  const underWay = new Map<number, AlertEvent>();
  /** Ids of alerts that waited and are being told. */
  const settling = new Set<string>();

  /**
   * Who reads at this machine reads from above to below: everything in its order. An alert stays in the lane in which it began, though the file
   * may have given it another type since.
   */
  function inLane<T>(event: AlertEvent, work: () => Promise<T>): Promise<T> {
    return lanes.run(receiver.local ? 'all' : segmentKey(event), event.alert_id, work);
  }

  async function judge(event: AlertEvent, offset: number): Promise<Notified | undefined> {
    if (stop.aborted) return undefined;
    taken.heardOf(offset, event.alert_id);
    const against = objection(event, offset, { due: offset < settings.dueBefore, silenced: silences.holding(event) !== undefined });
    if (against === 'stale') {
      const why = isUntold ? 'is for the next run to tell' : `is older than ${formatDuration(newsForMs(settings))}`;
      logger.info(`alert ${event.alert_id} of ${event.alert_time} ${why}: not told to ${receiver.name} now`);
    }
    if (against === 'silenced') return silentAbout(event, offset);
    return against === undefined ? ring(event, offset) : conclude(event, against, offset);
  }

  function objection(event: AlertEvent, offset: number, circumstances: Pick<Circumstances, 'due' | 'silenced'>): Decision | undefined {
    const { alert_id: id, part_of: speaker } = event;
    const folded = speaker !== undefined || taken.isFolded(offset, id);
    const [told, openMs] = [log.told(receiver.name, event), log.openMs(receiver.name, id)];
    return objectionTo(event, receiver, { ...settings, ...circumstances, told, openMs, folded, nowMs: clock.now() });
  }

  async function ring(event: AlertEvent, offset: number): Promise<Notified | undefined> {
    const { alert_id: id, status } = event;
    const isSecond = offset === WAITED && isToldOnce(event);
    const notification = { alert: event, dedupKey: `${id}/${status}/${event.alert_time}` };
    let against: 'folded' | 'silenced' | 'resting' | undefined;
    const attempts: DeliverDeps = {
      receiver,
      gate,
      patience: isSecond ? shortPatience : patience,
      retry: settings.retry,
      wait: deps.wait,
      // What comes up while it is tried again and again ends that. Ends are told whatever comes up.
      objection() {
        against = status === 'firing' && taken.isFolded(offset, id) ? 'folded' : silences.holding(event) && 'silenced';
        if (isSecond && again.isResting(id)) against ??= 'resting';
        return against;
      },
      onFailed: () => taken.failed(offset, id),
      onRetry: trouble.retried,
    };
    const result = await deliver(notification, attempts, stop)
      .catch((error: unknown) => {
        if (stop.aborted) return undefined;
        throw error;
      })
      .finally(() => taken.done(id));
    if (!result || against === 'resting') return undefined;
    if (against === 'silenced') return silentAbout(event, offset);
    if (against === 'folded') return conclude(event, against, offset);
    if (result.ok) {
      again.taken();
      const notified = conclude(event, 'sent', offset);
      trouble.over();
      return notified;
    }
    const isKnown = isSecond && again.hasFailed(id);
    again.failed(event);
    if (isKnown) {
      // Counted and told of when it failed first.
      note(event, 'failed', offset);
      return again.isWorthIt(event) ? undefined : { alertId: id, receiver: receiver.name, decision: 'failed' };
    }
    log.giveUp(receiver.name, event, result.reason, clock.now());
    trouble.givenUp(event, result.reason);
    return { ...conclude(event, 'failed', offset), reason: result.reason };
  }

  function silentAbout(event: AlertEvent, offset: number): Notified {
    const end = silences.known(event)?.ends_at;
    const until = end === undefined ? '' : ` until ${timeText(Date.parse(end), settings.zone)}`;
    logger.info(`alert ${event.alert_id} is silenced${until}: not told to ${receiver.name}`);
    return conclude(event, 'silenced', offset);
  }

  function conclude(event: AlertEvent, decision: Decision, offset: number): Notified {
    deps.onDecided(decision);
    note(event, decision, offset);
    return { alertId: event.alert_id, receiver: receiver.name, decision };
  }

  /** Records what was decided: who has been told, who still waits, who hears no more. */
  function note(event: AlertEvent, decision: Decision, offset: number): void {
    const { alert_id: id, part_of: speaker, status } = event;
    const resolved = status === 'resolved';
    // Its speaker tells.
    const isFolded = !resolved && (speaker !== undefined || taken.since(offset, id));
    const isHeld =
      decision === 'stale' || (isToldOnce(event) && (decision === 'cooldown' || (decision === 'failed' && again.isWorthIt(event))));
    if (decision === 'sent' && !resolved) log.setTold(receiver.name, event, oldestMs());
    // Over, whether or not its end could be told. The cooldown still counts from its last bell.
    else if (resolved && !isHeld) log.close(receiver.name, id);
    if (isHeld && !isFolded) log.hold(receiver.name, event);
    else if (decision === 'silenced' && !isFolded) log.keepSilenced(receiver.name, event);
    else if (isToldOnce(event) || decision === 'sent' || decision === 'unwanted' || isFolded) release(id);
  }

  function release(id: string): void {
    log.release(receiver.name, id);
    again.forget(id);
  }

  /** Segments are told side by side, and one may be far behind the others. */
  function oldestMs(): number {
    const [oldest] = underWay.values();
    return oldest ? Date.parse(oldest.alert_time) : Infinity;
  }

  async function settleOne(event: AlertEvent): Promise<Notified | undefined> {
    // It may have ended, or been told by a reminder, while it waited for its turn.
    if (!log.isWaiting(receiver.name, event.alert_id)) return undefined;
    // What is silenced goes on waiting. Ends never are.
    if (event.status === 'firing' && silences.isSilenced(event)) return undefined;
    const against = objection(event, WAITED, { due: true, silenced: false });
    if (against === 'cooldown' && isToldOnce(event)) {
      // No reminder comes when that is over.
      again.postpone(event.alert_id);
      if (clock.now() - log.told(receiver.name, event)!.timeMs < settings.cooldownMs) return undefined;
    } else if (against !== undefined && against !== 'stale') {
      // That does not change for this event any more: the alert's next reminder rings.
      release(event.alert_id);
      return undefined;
    }
    const notified = await ring(event, WAITED);
    // Tried once: should it have failed, the alert's next reminder rings.
    if (notified && notified.decision !== 'silenced' && !isToldOnce(event)) release(event.alert_id);
    return notified;
  }

  /** Tells of those that wait, are silenced no more and are not being told already. */
  function settleAll(waiting: Iterable<AlertEvent>, isMeant: (event: AlertEvent) => boolean = () => true): Promise<Notified | undefined>[] {
    return tellEach(silences.notSilenced(waiting, (event) => isMeant(event) && !settling.has(event.alert_id)));
  }

  /** Those that fire, or the ends of others. */
  function held(status: AlertEvent['status']): AlertEvent[] {
    return [...log.held(receiver.name)].filter((event) => event.status === status && !settling.has(event.alert_id));
  }

  /** What nothing repeats: they wait their turn with the ends whose delivery failed. */
  function heldOnce(): AlertEvent[] {
    return silences.notSilenced(held('firing').filter(isToldOnce), () => true);
  }

  function tellEach(due: readonly AlertEvent[]): Promise<Notified | undefined>[] {
    if (isUntold) return [];
    return due.map(async (event) => {
      settling.add(event.alert_id);
      return inLane(event, () => settleOne(event)).finally(() => settling.delete(event.alert_id));
    });
  }

  function dealtWith(offset: number): void {
    const next = open.close(offset);
    if (next === undefined) return;
    log.setNext(receiver.name, next);
    if (settling.size === 0) taken.dealtWith(next);
  }

  return {
    receiver: receiver.name,
    next: () => log.next(receiver.name),
    async offer(offset, read) {
      const begun = log.next(receiver.name);
      if (begun !== undefined && offset < begun) return conclude(read, 'recorded', offset);
      open.open(offset);
      // Here, in the order of the log: what came behind it may be known by the time of its turn.
      const event = slight.read(read);
      if (event.members) taken.read(offset, event, new Set([...[...underWay.values()].map(({ alert_id: id }) => id), ...settling]));
      underWay.set(offset, event);
      const notified = await inLane(event, () => judge(event, offset)).finally(() => underWay.delete(offset));
      if (notified) dealtWith(offset);
      return notified;
    },
    pass(offset) {
      open.open(offset);
      dealtWith(offset);
    },
    isOwed: ({ status, alert_id: id }) => status === 'resolved' && log.openMs(receiver.name, id) !== undefined,
    room: open.room,
    hasHeld: () => held('firing').length > 0,
    settle() {
      const repeated = held('firing').filter((event) => !isToldOnce(event));
      return [...settleAll(repeated), ...tellEach(again.due(heldOnce()))];
    },
    tellEnds: () => tellEach(again.due(held('resolved'), heldOnce)),
    hasSilenced: () => log.hasSilenced(receiver.name),
    endSilences: (caughtUp) => settleAll(log.silenced(receiver.name), caughtUp ? undefined : ringsByClock),
    forgetWaiting: () => log.releaseFiring(receiver.name),
    waiting: () => open.size + settling.size,
  };
}
