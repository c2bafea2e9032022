/**
 * Firing alerts that another one takes in while a receiver waits to be told of them: that one speaks for them from then on. A receiver that takes
 * notifications is told of both, however close they are; while one is in trouble, what it could not be told in time it is told no more.
 */
import type { AlertEvent } from '../receivers/alert-event.ts';
import type { NotificationLog } from './notification-log.ts';

export interface TakenIn {
  /** Reads of whom the event at this offset takes in. `underWay`: alerts that are being told, or wait for their turn, by id. */
  read(offset: number, event: AlertEvent, underWay: ReadonlySet<string>): void;
  /** The alert's event at this offset is read: it is heard of again, for itself. */
  heardOf(offset: number, alertId: string): void;
  /** Another alert has taken it in since its event at this offset. */
  since(offset: number, alertId: string): boolean;
  /** And of that event is not to be told, after a restart neither. */
  isFolded(offset: number, alertId: string): boolean;
  /** The receiver could not be told of the event at this offset, and is tried again. */
  failed(offset: number, alertId: string): void;
  /** It is tried no more. */
  done(alertId: string): void;
  /** All events before this offset are dealt with, and none that waited is being told: who was taken in by then is asked for no more. */
  dealtWith(next: number): void;
}

type Kept = Pick<NotificationLog, 'fold' | 'unfold' | 'foldedBy' | 'isWaiting' | 'release'>;

export function createTakenIn(receiver: string, log: Kept): TakenIn {
  /** By alert id, offset of the event that took it in last. */
  const taken = new Map<string, number>();
  /** Ids of alerts of which the receiver is tried to be told again. */
  const failing = new Set<string>();
  const since = (offset: number, id: string): boolean => offset < (taken.get(id) ?? -1);

  return {
    read(offset, { status, members = [] }, underWay) {
      if (status !== 'firing') return;
      for (const { alert_id: id } of members) {
        const isWaiting = log.isWaiting(receiver, id);
        log.release(receiver, id);
        if (!isWaiting && !underWay.has(id)) continue;
        taken.set(id, offset);
        if (isWaiting || failing.size > 0) log.fold(receiver, id, offset);
      }
    },
    heardOf(offset, id) {
      if (!since(offset, id)) taken.delete(id);
      if ((log.foldedBy(receiver, id) ?? offset) < offset) log.unfold(receiver, id);
    },
    since,
    isFolded: (offset, id) => offset < (log.foldedBy(receiver, id) ?? -1),
    failed(offset, id) {
      failing.add(id);
      if (since(offset, id)) log.fold(receiver, id, taken.get(id)!);
    },
    done: (id) => void failing.delete(id),
    dealtWith(next) {
      for (const [id, offset] of taken) if (offset <= next) taken.delete(id);
    },
  };
}
