/** What is known of an alert when it is told, before it is put into fields and words. */
import type { Labels } from '../core/labels.ts';
import type { Direction, Grounds, Verdict } from '../detectors/detector.ts';
import type { AlertLook, AlertMember, Severity } from '../receivers/alert-event.ts';
import type { MeasureSpec, WindowSpec } from '../windows/spec.ts';
import type { AlertNaming } from './naming.ts';
import { severityOf, severityOfGrounds } from './severity.ts';

/** What the alert is about. `labels` in the order of the pipeline's dimensions. */
export interface AlertSubject {
  readonly pipeline: string;
  readonly detector: string;
  readonly measure: MeasureSpec;
  readonly window: WindowSpec;
  readonly direction: Direction;
  readonly labels: Labels;
  readonly metricName: string;
  readonly naming: AlertNaming;
  /** Of the whole pipeline; for detectors that keep to it. */
  readonly falseAlarmsPerDay: number;
}

export interface AlertFacts {
  readonly status: 'firing' | 'resolved';
  readonly repeat: number;
  /** Start of the episode's first window, epoch ms. */
  readonly since: number;
  /** Since when it lasts, where that is before it. */
  readonly lastsSince?: number | undefined;
  /** Null where the series has had no data. */
  readonly observed: number | null;
  readonly judged: Pick<Verdict, 'expected' | 'threshold' | 'baselineWindows' | 'grounds' | 'keys' | 'isUnseen' | 'isLasting'>;
  /** Of a reminder: means over the episode so far. */
  readonly soFar?: { readonly observed: number; readonly expected: number } | undefined;
  /** The window's denominator or events. */
  readonly volume: number;
  /** It ends because the file does not watch it any more. */
  readonly isUnwatched?: true;
  /** As told before, for an alert that ends; null: from the deviation. */
  readonly severity: Severity | null;
}

type Valued = Pick<AlertFacts, 'observed' | 'judged' | 'soFar'>;

/** What is said of an alert beside its own facts. */
export interface Company {
  /** Id of the alert that speaks for it. */
  readonly partOf?: string;
  /** Alerts that it speaks for. */
  readonly members?: readonly AlertMember[];
  readonly look?: AlertLook;
}

/** As told before, else as the file says, else from evidence and effect. */
export function severityOfFacts({ naming, direction, labels }: AlertSubject, facts: AlertFacts): Severity {
  const { grounds } = facts.judged;
  const isWhole = Object.keys(labels).length === 0;
  const found = grounds ? severityOfGrounds(direction, grounds, isWhole) : severityOf(direction, deviationOf(facts));
  return facts.severity ?? naming.severity ?? found;
}

/** Over the span that rang where there is one, or over all since then: a single window of few events says little. */
export function valuesOf({ observed, judged, soFar }: Valued): { observed: number | null; expected: number } {
  return soFar ?? judged.grounds ?? { observed, expected: judged.expected };
}

/** Beyond so many times what was expected, that was next to nothing, and a multiple of it says nothing. */
const RATIO_MAX = 10_000;
const ROUNDING = 1e-3;

/** Observed over expected; null where there is no such ratio to tell. */
export function ratioOf(facts: AlertFacts): number | null {
  const { observed, expected } = valuesOf(facts);
  const { grounds } = facts.judged;
  if (observed === null || expected <= 0 || (grounds && !isMultiple(grounds))) return null;
  const ratio = observed / expected;
  return Math.abs(ratio) > RATIO_MAX ? null : ratio;
}

/** Where a series varies by more than what is expected of it, its departure is measured by that: no multiple of what was expected. */
export function isMultiple({ observed, expected, ratio }: Grounds): boolean {
  return expected > 0 && Math.abs(ratio * expected - observed) <= ROUNDING * Math.max(Math.abs(observed), expected);
}

/** As it is told, in percent with two digits. */
export function toldDeviation(facts: AlertFacts): number | null {
  const deviation = deviationOf(facts);
  return deviation === null || Math.abs(deviation) > RATIO_MAX * 100 ? null : Math.round(deviation * 100) / 100;
}

/** Percent, unrounded. */
export function deviationOf(facts: Valued): number | null {
  const { observed, expected } = valuesOf(facts);
  return observed === null || expected === 0 ? null : ((observed - expected) / Math.abs(expected)) * 100;
}
