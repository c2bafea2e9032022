import type { Direction } from '../detectors/detector.ts';
import type { AlertLocale, Severity } from '../receivers/alert-event.ts';

/** How the alerts of one direction of a measure are called and explained. All optional: the file need not say. */
export interface AlertNaming {
  /** `traffic_spike`; default `<measure>_drop` (down) or `<measure>_spike` (up). */
  readonly alertType?: string;
  /** Instead of the severity worked out from the deviation. */
  readonly severity?: Severity;
  /** Likely causes, in the words of the file's `hint`. */
  readonly hints?: readonly Hint[];
  /** Address (http, https) of what to do about it. */
  readonly runbook?: string;
}

/** The same words for all readers, or each language's. */
export type Hint = string | Readonly<Record<AlertLocale, string>>;

/** `ctr_drop`, or what the file says. */
export function alertTypeOf(measure: string, direction: Direction, { alertType }: AlertNaming): string {
  return alertType ?? `${measure}_${direction === 'down' ? 'drop' : 'spike'}`;
}
