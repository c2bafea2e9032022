/** Which alerts have rung a bell, and why the others have not. */
import type { AlertEvent } from '../../receivers/alert-event.ts';

/**
 * - `folded`: another alert speaks for it
 * - `in_cooldown`: it began within the cooldown of the same alert before it, and its first reminder has not come
 */
export const BELLS = ['rang', 'folded', 'in_cooldown'] as const;
export type Bell = (typeof BELLS)[number];

/** As its first record says, or the one by which it rang after all. */
export function bellOf({ part_of, cooldown_until }: Pick<AlertEvent, 'part_of' | 'cooldown_until'>): Bell {
  if (part_of !== undefined) return 'folded';
  return cooldown_until === undefined ? 'rang' : 'in_cooldown';
}

export function hasRung(alert: Pick<AlertEvent, 'part_of' | 'cooldown_until'>): boolean {
  return bellOf(alert) === 'rang';
}
