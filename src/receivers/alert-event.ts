/** What stands on the topic `p.alerts`, keyed by alert id: one record per change of an alert, and repeats while it fires. */
import type { Labels } from '../core/labels.ts';
import type { Verdict } from '../detectors/detector.ts';

/** The least grave first. */
export const SEVERITIES = ['low', 'medium', 'high', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];
export type AlertLocale = 'en' | 'ko';

export interface AlertExplanation {
  /** Sentences for people, in the pipeline's locale. */
  readonly text: string;
  /** Null where the series has had no data. */
  readonly observed: number | null;
  readonly expected: number;
  /** observed / expected; null where that says nothing: nothing, next to nothing or less than nothing was expected. */
  readonly ratio: number | null;
  /** How many windows the expectation was learnt from, and how long that took; null where it is a fixed limit. */
  readonly baseline: { readonly windows: number; readonly age_ms?: number } | null;
  /** The value past which it fires. */
  readonly threshold: number;
  /** What it would have taken not to fire, in words. */
  readonly not_fired_if: string;
  /** From detectors that weigh evidence, while it fires; observed, expected and ratio are then those of its span. */
  readonly evidence?: AlertEvidence;
  /** Of a roll-up: the members that moved it most, the largest first. */
  readonly contributors?: readonly AlertContributor[];
  /** Of heavy hitters: the keys behind the value, the largest first; the true count of each is in [least, most]. */
  readonly keys?: readonly { readonly key: string; readonly least: number; readonly most: number }[];
  /** Set: a value of its dimension that had never been seen before; of an alert that has ended: and that is one of the known ones now. */
  readonly unseen?: true;
  /** Of a reminder, set: observed, expected and ratio are means over the episode so far; the evidence is that of its beginning, ranges and all. */
  readonly going_on?: true;
  /** With `going_on`: the value of the window at hand. */
  readonly newest?: number;
  /** Of an alert that has ended, set: nothing is as it was; the change has lasted so long that it is taken for how things are now. */
  readonly lasting?: true;
  /** Of an alert that has ended, set: the pipeline file does not watch it any more. Nothing was judged. */
  readonly unwatched?: true;
  /** Of a pipeline that is behind: the partition that is so the most. */
  readonly furthest_behind?: string;
}

/** Why chance is no good explanation. */
export interface AlertEvidence {
  /** Data this far out come by chance once in so many. */
  readonly one_in: number;
  /** From which `one_in` on the alert rings: what the budget leaves to each series and test. */
  readonly needed: number;
  /** Natural logarithms of both, unrounded. */
  readonly log: number;
  readonly log_needed: number;
  /** The budget of the whole pipeline; absent where another error is permitted. */
  readonly false_alarms_per_day?: number;
  /** Of an experiment: how probable it may be that it is ever wrong, as a share. */
  readonly permitted_error?: number;
  /** Start of the span that speaks loudest; it ends with the episode's first window, or goes on. ISO 8601 UTC. */
  readonly since: string;
  /** Set where it goes on: its end as of this record. */
  readonly until?: string;
  /** Where 95 % of honest spans lie, and where the true ratio lies with 95 %. */
  readonly expected_range: readonly [low: number, high: number];
  readonly ratio_range: readonly [low: number, high: number];
}

export interface AlertContributor {
  readonly labels: Labels;
  /** `ctr{country="KR",ad_format="video"}` */
  readonly series: string;
  /** Of the deviation, in (0, 1]. */
  readonly share: number;
}

/** Another alert that this one speaks for: same detector, measure and direction, a segment that overlaps. */
export interface AlertMember {
  readonly alert_id: string;
  readonly labels: Labels;
  readonly series: string;
  readonly since: string;
  /** As it was told last. Records of earlier versions lack it. */
  readonly severity?: Severity;
  /** Whether it rang by itself before this one spoke for it. */
  readonly told: boolean;
}

/**
 * What a look at the open window saw when it rang. Replayed with the log of windows it gives this alert again, whatever
 * else the process looked at.
 */
export interface AlertLook {
  /** Looks at one window are numbered as they ring; alerts of one look have one number. */
  readonly number: number;
  /**
   * Set: every source was silent, and the clock told that the alert's window is over though none closes. The start of the first window
   * that was not closed then; the look goes before it. ISO 8601 UTC.
   */
  readonly open_from?: string;
  readonly value: number | null;
  readonly volume: number;
  readonly amount: number | null;
  readonly exposure: number | null;
  /** The detector's verdict, whole. */
  readonly verdict: Verdict;
}

/** Money that is missing (above 0) or in excess (below 0) against the expectation, at this window's pace for an hour. */
export interface AlertImpact {
  readonly money_per_hour: number;
  /** ISO 4217 */
  readonly currency: string;
}

/**
 * Follows from `p.windows` and the looks that rang: no field knows the machine's clock. Beside these fields each of the segment's
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
  /** (current - expected) / expected in percent, 2 digits; null where the expectation is 0 or next to nothing, or there is no value. */
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
  /** Start of the episode's first window; of a silence, since when nothing came. */
  readonly since: string;
  readonly explanation: AlertExplanation;
  /** In the pipeline's locale, where the file has them in several languages. */
  readonly likely_causes: readonly string[];
  /** All of them by language, where the file has one in several. */
  readonly likely_causes_in?: Readonly<Record<AlertLocale, readonly string[]>>;
  /** Address (http, https) of what to do about it, as the file says. Records of earlier versions lack it. */
  readonly runbook: string | null;
  readonly impact: AlertImpact | null;
  /** Set: not told by itself, the alert with this id speaks for it. */
  readonly part_of?: string;
  /** Set: it began within the cooldown of the same alert before it; from then on its first reminder is due. ISO 8601 UTC. */
  readonly cooldown_until?: string;
  /** Alerts that this one speaks for, as of this record. */
  readonly members?: readonly AlertMember[];
  /** Set: it rang before its window was final. */
  readonly look?: AlertLook;
  /** Flattened dimensions. */
  readonly [dimension: string]: unknown;
}

/** Fields that not every record has. */
export const OPTIONAL_FIELDS: readonly string[] = ['likely_causes_in', 'part_of', 'cooldown_until', 'members', 'look'];
