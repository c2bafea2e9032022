/** An alert that began within the cooldown of the one before it. Who was told of that one is the receivers' to know, and not said here. */
import type { AlertEvent } from '../receivers/alert-event.ts';

type Begun = Pick<AlertEvent, 'cooldown_until' | 'repeat' | 'status' | 'part_of'>;

/** No reminder has come since. */
export function isInCooldown({ cooldown_until: until, repeat }: Begun): boolean {
  return until !== undefined && repeat === 0;
}

/** When its first reminder is due, ISO 8601 UTC; undefined where none is to come, as it is over or another alert speaks for it. */
export function reminderDue(alert: Begun): string | undefined {
  return isInCooldown(alert) && alert.status === 'firing' && alert.part_of === undefined ? alert.cooldown_until : undefined;
}
