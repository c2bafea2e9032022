import type { AlertEvent } from './alert-event.ts';

/**
 * How an alert ended. `resolved` alone is an all-clear; the others do not look like one.
 * - `no_data`: there was nothing to judge for too long
 * - `unwatched`: the pipeline file does not watch it any more
 * - `new_level`: the change has lasted so long that it is taken for how things are now
 * - `caught_up`: a moving average has learnt the change within minutes; whether it lasts nobody knows
 */
export type Ending = 'resolved' | 'no_data' | 'unwatched' | 'new_level' | 'caught_up';

/** Records of another hand may have no explanation. */
export function endingOf(alert: Pick<AlertEvent, 'detector' | 'current_value'> & Partial<Pick<AlertEvent, 'explanation'>>): Ending {
  if (alert.explanation?.unwatched === true) return 'unwatched';
  if (alert.current_value === null) return 'no_data';
  if (alert.explanation?.lasting !== true) return 'resolved';
  return alert.detector === 'ema-threshold' ? 'caught_up' : 'new_level';
}
