import { hasSeconds } from '../core/told-time.ts';
import type { AlertEvent } from './alert-event.ts';

/** Whether its times are told to the second: all of one message alike, so that 08:15 does not stand beside 08:14:40. */
export function toldToSeconds({ alert_time, since, window_start, window_end }: AlertEvent): boolean {
  return hasSeconds(...[alert_time, since, window_start, window_end].map(Date.parse));
}
