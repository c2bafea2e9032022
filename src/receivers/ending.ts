import type { AlertEvent } from './alert-event.ts';

/**
 * How an alert ended. `resolved` alone is an all-clear; the others do not look like one.
 * - `ended`: there was nothing to judge for too long
 * - `newLevel`: the change has lasted so long that it is taken for how things are now
 * - `caughtUp`: a moving average has learnt the change within minutes; whether it lasts nobody knows
 */
export type Ending = 'resolved' | 'ended' | 'newLevel' | 'caughtUp';

/** Records of another hand may have no explanation. */
export function endingOf(alert: Pick<AlertEvent, 'detector' | 'current_value'> & Partial<Pick<AlertEvent, 'explanation'>>): Ending {
  if (alert.current_value === null) return 'ended';
  if (alert.explanation?.lasting !== true) return 'resolved';
  return alert.detector === 'ema-threshold' ? 'caughtUp' : 'newLevel';
}
