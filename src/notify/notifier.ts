/**
 * Decides, for each alert event and receiver, whether to ring, and does. Reads `p.alerts` in the order of the log.
 * A delivery happens at least once: what was sent but not yet recorded when the process died is sent again.
 */
import type { Clock } from '../core/clock.ts';
import { formatDuration } from '../core/duration.ts';
import type { Logger } from '../core/logger.ts';
import type { StateChange } from '../log/log.ts';
import type { AlertEvent } from '../receivers/alert-event.ts';
import type { Receiver } from '../receivers/receiver.ts';
import { defaultRetry, deliver } from './deliver.ts';
import type { RetrySettings, Wait } from './deliver.ts';
import { createNotificationLog } from './notification-log.ts';

export interface NotifierSettings {
  readonly pipeline: string;
  /** After a segment's alert of one type was told, the next of that type is not for this long, ms of event time. */
  readonly cooldownMs: number;
  /** An older alert is stale when it arises, ms between alert_time and the wall clock; undefined: told whatever its age. */
  readonly notifyWithinMs: number | undefined;
  readonly sendResolved: boolean;
  /** `local`: only receivers at this machine, for replays and `--once`; they are told whatever the age. */
  readonly audience: 'all' | 'local';
  readonly retry?: RetrySettings;
  /** Entries of the notification log per receiver; default 10,000. */
  readonly maxEntries?: number;
}

export interface NotifierDeps {
  readonly clock: Clock;
  readonly receivers: readonly Receiver[];
  readonly wait: Wait;
  readonly logger: Logger;
}

/**
 * - `sent`
 * - `failed`: every attempt did; it counts as not told
 * - `cooldown`: the segment's last alert of this type was told too recently
 * - `stale`: older than `notifyWithinMs`; told by `settle` if it still fires when event time has caught up
 * - `recorded`: told before
 * - `not_local`: the past is replayed, and the receiver is not at this machine
 * - `unwanted`: the end of an alert that the receiver was not told of, or wants to hear no ends
 */
export type Decision = 'sent' | 'failed' | 'cooldown' | 'stale' | 'recorded' | 'not_local' | 'unwanted';

export interface Notified {
  readonly alertId: string;
  readonly receiver: string;
  readonly decision: Decision;
  /** Why it failed. */
  readonly reason?: string;
}

/** Since this notifier was made. */
export interface NotifierCounts {
  /** Episodes begun. */
  readonly fired: number;
  /** Deliveries to any receiver: beginnings, reminders and ends. */
  readonly sent: number;
  readonly decisions: Readonly<Record<Decision, number>>;
}

export interface Notifier {
  /** The event at this offset of `p.alerts`. One call at a time, offsets ascending; resolves when every receiver is done with. */
  handle(offset: number, event: AlertEvent): Promise<Notified[]>;
  /** Tells of stale alerts that still fire, once event time (epoch ms) is within `notifyWithinMs` of now. Not during `handle`. */
  settle(watermarkMs: number): Promise<Notified[]>;
  /** The notification log's changes since the last call. */
  takeStateChanges(): StateChange[];
  /** Goes on from committed state (keys that start with `notify/<pipeline>/`). */
  restore(entries: Iterable<readonly [key: string, value: Uint8Array]>): void;
  counts(): NotifierCounts;
}

export function createNotifier(settings: NotifierSettings, deps: NotifierDeps): Notifier {
  const { pipeline, cooldownMs, maxEntries = 10_000 } = settings;
  const log = createNotificationLog({ pipeline, cooldownMs, maxEntries });
  const retry = settings.retry ?? defaultRetry;
  const decisions: Record<Decision, number> = { sent: 0, failed: 0, cooldown: 0, stale: 0, recorded: 0, not_local: 0, unwanted: 0 };
  let fired = 0;

  function isWithin(timeMs: number): boolean {
    if (settings.audience === 'local' || settings.notifyWithinMs === undefined) return true;
    return deps.clock.now() - timeMs <= settings.notifyWithinMs;
  }

  /** Undefined: ring. */
  function objection(receiver: Receiver, event: AlertEvent): Decision | undefined {
    if (settings.audience === 'local' && !receiver.local) return 'not_local';
    const told = log.told(receiver.name, event);
    const timeMs = Date.parse(event.alert_time);
    if (event.status === 'resolved') {
      if (told?.alertId !== event.alert_id) return 'unwanted';
      if (told.resolved) return 'recorded';
      return settings.sendResolved ? undefined : 'unwanted';
    }
    if (told?.alertId === event.alert_id && timeMs <= told.timeMs) return 'recorded';
    if (told && timeMs - told.timeMs < cooldownMs) return 'cooldown';
    return isWithin(timeMs) ? undefined : 'stale';
  }

  async function ring(receiver: Receiver, event: AlertEvent): Promise<Notified> {
    const notification = { alert: event, dedupKey: `${event.alert_id}/${event.status}/${event.alert_time}` };
    const result = await deliver(receiver, notification, retry, deps.wait);
    if (result.ok) return conclude(receiver, event, 'sent');
    deps.logger.warn(`alert ${event.alert_id} could not be sent to ${receiver.name}: ${result.reason}`);
    return { ...conclude(receiver, event, 'failed'), reason: result.reason };
  }

  /** Records what was decided: who has been told, who still waits, who hears no more. */
  function conclude(receiver: Receiver, event: AlertEvent, decision: Decision): Notified {
    decisions[decision] += 1;
    const resolved = event.status === 'resolved';
    const last = log.told(receiver.name, event);
    if (decision === 'sent' && !resolved) {
      log.setTold(receiver.name, event, { alertId: event.alert_id, timeMs: Date.parse(event.alert_time), resolved: false });
    } else if (resolved && last?.alertId === event.alert_id) {
      // Over, whether or not its end could be told. The cooldown still counts from its last bell.
      log.setTold(receiver.name, event, { ...last, resolved: true });
    }
    if (decision === 'stale') log.hold(receiver.name, event);
    else if (resolved || decision === 'sent') log.release(receiver.name, event.alert_id);
    return { alertId: event.alert_id, receiver: receiver.name, decision };
  }

  return {
    async handle(offset, event) {
      if (offset <= log.doneUpTo()) return deps.receivers.map((receiver) => conclude(receiver, event, 'recorded'));
      if (event.status === 'firing' && event.repeat === 0) fired += 1;
      const notified = await Promise.all(
        deps.receivers.map(async (receiver) => {
          const against = objection(receiver, event);
          return against ? conclude(receiver, event, against) : ring(receiver, event);
        }),
      );
      log.setDone(offset);
      const stale = notified.filter(({ decision }) => decision === 'stale').length;
      if (stale > 0) {
        const within = formatDuration(settings.notifyWithinMs ?? 0);
        deps.logger.info(`alert ${event.alert_id} of ${event.alert_time} is older than ${within}: not told now`);
      }
      return notified;
    },

    async settle(watermarkMs) {
      if (!isWithin(watermarkMs)) return [];
      const waiting = deps.receivers.flatMap((receiver) => log.held(receiver.name).map((event) => ({ receiver, event })));
      const notified: Notified[] = [];
      for (const { receiver, event } of waiting) {
        const against = objection(receiver, event);
        if (against !== undefined && against !== 'stale') continue;
        // Tried once: should it fail, the alert's next reminder rings.
        log.release(receiver.name, event.alert_id);
        notified.push(await ring(receiver, event));
      }
      return notified;
    },

    takeStateChanges: () => log.take(),
    restore: (entries) => log.restore(entries),
    counts: () => ({ fired, sent: decisions.sent, decisions: { ...decisions } }),
  };
}
