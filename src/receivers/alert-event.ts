/** What stands on the topic `p.alerts`, keyed by alert id: one record per change of an alert, and repeats while it fires. */
import type { Labels } from '../core/labels.ts';

export type Severity = 'low' | 'medium' | 'high' | 'critical';
export type AlertLocale = 'en' | 'ko';

export interface AlertExplanation {
  /** Sentences for people, in the pipeline's locale. */
  readonly text: string;
  /** Null where the series has had no data. */
  readonly observed: number | null;
  readonly expected: number;
  /** observed / expected; null where that is undefined. */
  readonly ratio: number | null;
  /** How many windows the expectation was learnt from; null where it is a fixed limit. */
  readonly baseline: { readonly windows: number } | null;
  /** The value past which it fires. */
  readonly threshold: number;
  /** What it would have taken not to fire, in words. */
  readonly not_fired_if: string;
}

/** Money that is missing (above 0) or in excess (below 0) against the expectation, at this window's pace for an hour. */
export interface AlertImpact {
  readonly money_per_hour: number;
  /** ISO 4217 */
  readonly currency: string;
}

/**
 * Follows from `p.windows` alone: no field knows the machine's clock. Beside these fields each of the segment's
 * dimensions stands at the top level under its own name (`country`, `ad_format`), unless one of these fields has it.
 */
export interface AlertEvent {
  /** UUID (version 8), the same for all records of an episode. */
  readonly alert_id: string;
  /** End of the window at hand; ISO 8601 UTC with ms. */
  readonly alert_time: string;
  /** `ctr_drop`, `traffic_spike` */
  readonly alert_type: string;
  readonly severity: Severity;
  readonly metric_name: string;
  /** Null where the series has had no data: the alert ends without a value. */
  readonly current_value: number | null;
  readonly expected_value: number;
  /** (current - expected) / expected in percent, 2 digits; null where the expectation is 0 or there is no value. */
  readonly deviation_percent: number | null;
  /** One line for people, in the pipeline's locale. */
  readonly message: string;
  readonly status: 'firing' | 'resolved';
  /** 0 when it begins or ends; while it fires, the how-manieth reminder this is. */
  readonly repeat: number;
  readonly pipeline: string;
  readonly detector: string;
  readonly measure: string;
  readonly unit: string | null;
  readonly direction: 'down' | 'up';
  readonly window: string;
  /** The window at hand; ISO 8601 UTC with ms. */
  readonly window_start: string;
  readonly window_end: string;
  readonly labels: Labels;
  /** `ctr{country="US",ad_format="banner"}` */
  readonly series: string;
  /** Start of the episode's first window. */
  readonly since: string;
  readonly explanation: AlertExplanation;
  readonly likely_causes: readonly string[];
  readonly impact: AlertImpact | null;
  /** Flattened dimensions. */
  readonly [dimension: string]: unknown;
}
