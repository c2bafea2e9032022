/** What the monitor is told: the pipeline file's `detect` block after validation, defaults filled in, names resolved. */
import type { AlertNaming } from '../../alerts/naming.ts';
import type { AlertLocale } from '../../receivers/alert-event.ts';
import type { DetectorName } from '../../detectors/catalog.ts';
import type { DetectorKind, Direction } from '../../detectors/detector.ts';
import type { MeasureSpec, WindowSpec } from '../../windows/spec.ts';

/** One detector on one measure in one window size. */
export interface DetectEntry {
  readonly detector: DetectorName;
  /** The output of the detector's own `config` schema. */
  readonly config: unknown;
  /** A MeasureSpec's name. */
  readonly measure: string;
  /** A WindowSpec's name. */
  readonly window: string;
  /** Series with all dimensions, roll-ups only, or both. */
  readonly over: 'full' | 'rollups' | 'all';
  /** What alerts call the measure: `CTR`; default the measure's name. */
  readonly metricName?: string;
  readonly naming?: { readonly [direction in Direction]?: AlertNaming };
}

export interface MonitorSpec {
  readonly pipeline: string;
  /** In the order of the file: the order in which segments are written. */
  readonly dimensions: readonly string[];
  readonly windows: readonly WindowSpec[];
  /** Each a subset of the dimensions, in their order; without the full set. */
  readonly rollups: readonly (readonly string[])[];
  readonly measures: readonly MeasureSpec[];
  /** No two with the same detector, measure, window and a common segment. */
  readonly detect: readonly DetectEntry[];
  /** The false-alarm budget of the whole pipeline, shared by the entries whose detector keeps to one. */
  readonly falseAlarmsPerDay: number;
  /** An alert that still fires is written again at this distance, ms of event time: the file's `cooldown`. */
  readonly repeatAfterMs: number;
  readonly locale: AlertLocale;
}

/** Names of the labels of the series that an entry is for, by kind of segment. */
export function groupingsOf({ dimensions, rollups }: MonitorSpec, over: DetectEntry['over']): readonly (readonly string[])[] {
  const full = over === 'rollups' ? [] : [dimensions];
  return over === 'full' ? full : [...full, ...rollups];
}

/** What a measure adds up, a ratio's numerator or the measure itself, and whether that is money. */
export function addedBy(measure: MeasureSpec, measures: readonly MeasureSpec[]): { counted?: MeasureSpec; currency?: string } {
  const counted = measure.kind === 'ratio' ? measures.find(({ name }) => name === measure.numerator) : measure;
  const currency = counted?.currency ?? measure.currency;
  return { ...(counted && { counted }), ...(currency !== undefined && { currency }) };
}

/** Its numerator may be read to a later time than its denominator: until the window is final it may be too high for that alone. */
export function isOfTwoSources(measure: MeasureSpec, measures: readonly MeasureSpec[]): boolean {
  if (measure.kind !== 'ratio') return false;
  const [source, other] = [measure.numerator, measure.denominator].map((part) => {
    const counted = measures.find(({ name }) => name === part);
    return counted && 'source' in counted ? counted.source : undefined;
  });
  return source !== other;
}

/** The tests that share the budget: one for each entry and direction whose detector keeps to it. */
export function budgetTests(entries: readonly DetectEntry[], catalog: Readonly<Record<string, DetectorKind>>): number {
  const tests = entries.reduce((sum, { detector, config }) => sum + (catalog[detector]?.tests?.(config) ?? 0), 0);
  return Math.max(1, tests);
}

/**
 * The window that detectors look at where the file does not say: `1m` if there is one; else the first, or for detectors that
 * keep to the budget the smallest that shares no event with another.
 */
export function defaultDetectWindow(windows: readonly WindowSpec[], isBudgeted = false): string | undefined {
  const minute = windows.find((window) => window.name === '1m');
  const tumbling = windows.filter(({ sizeMs, slideMs }) => sizeMs === slideMs).toSorted((a, b) => a.sizeMs - b.sizeMs);
  return (minute ?? (isBudgeted ? tumbling[0] : undefined) ?? windows[0])?.name;
}
