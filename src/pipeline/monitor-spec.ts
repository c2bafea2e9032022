/** What the monitor is told: the pipeline file's `detect` block after validation, defaults filled in, names resolved. */
import type { AlertNaming } from '../alerts/naming.ts';
import type { AlertLocale } from '../receivers/alert-event.ts';
import type { DetectorName } from '../detectors/catalog.ts';
import type { Direction } from '../detectors/detector.ts';
import type { MeasureSpec, WindowSpec } from '../windows/spec.ts';

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
  readonly measures: readonly MeasureSpec[];
  /** No two with the same detector, measure, window and a common segment. */
  readonly detect: readonly DetectEntry[];
  /** An alert that still fires is written again at this distance, ms of event time: the file's `cooldown`. */
  readonly repeatAfterMs: number;
  readonly locale: AlertLocale;
}

/** The window that detectors look at where the file does not say: `1m` if there is one, else the first. */
export function defaultDetectWindow(windows: readonly WindowSpec[]): string | undefined {
  return (windows.find((window) => window.name === '1m') ?? windows[0])?.name;
}
