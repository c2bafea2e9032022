/** One detect entry at work: its detector, and what is remembered of each of its series. */
import type { AlertSubject } from '../alerts/alert-record.ts';
import type { Alerts } from '../alerts/alerts.ts';
import type { AlertState, WindowTime } from '../alerts/state-machine.ts';
import { AppError } from '../core/errors.ts';
import { detectorCatalog } from '../detectors/catalog.ts';
import type { Detector, DetectorKind, Direction, Observation, SeriesInput, Step } from '../detectors/detector.ts';
import type { AlertEvent } from '../receivers/alert-event.ts';
import type { MeasureSpec } from '../windows/spec.ts';
import type { DetectEntry, MonitorSpec } from './monitor-spec.ts';
import { labelsOfKey } from './monitor-state.ts';
import type { OpenRow, SeriesRecord, StateBook } from './monitor-state.ts';

export interface Watch {
  readonly entry: DetectEntry;
  readonly measure: MeasureSpec;
  covers(dimensionsInLabels: number): boolean;
  /** Rows of one closed window, by `labelsKey`. Called once a window, in the order of the windows. */
  close(rows: ReadonlyMap<string, OpenRow>, at: WindowTime): AlertEvent[];
  restoreSeries(labelsKey: string, record: SeriesRecord): void;
  restoreShared(shared: { v: number; state: unknown }): void;
}

export interface WatchDeps {
  readonly alerts: Alerts;
  readonly book: StateBook;
}

const DIRECTIONS: readonly Direction[] = ['down', 'up'];

/** @throws AppError `config_invalid` */
export function createWatch(spec: MonitorSpec, entry: DetectEntry, deps: WatchDeps): Watch {
  const measure = named(spec.measures, entry.measure, 'measure');
  const window = named(spec.windows, entry.window, 'window');
  const kind: DetectorKind = detectorCatalog[entry.detector];
  const detector: Detector = kind.create(entry.config, { measure, window });
  const entryName = [entry.detector, entry.measure, entry.window] as const;
  const series = new Map<string, SeriesRecord>();
  let shared: unknown;

  function covers(count: number): boolean {
    return entry.over === 'all' || (count === spec.dimensions.length) === (entry.over === 'full');
  }

  function close(rows: ReadonlyMap<string, OpenRow>, at: WindowTime): AlertEvent[] {
    const events = endForgotten(at);
    const keys = observedKeys(rows);
    const inputs = keys.map((key): SeriesInput<unknown> => ({
      state: series.get(key)?.state,
      observation: observationOf(key, rows.get(key), at),
    }));
    const result = detector.observeWindow(inputs, shared);
    if (result.shared !== shared) {
      shared = result.shared;
      const value = shared === undefined ? undefined : { v: detector.stateVersion, state: shared };
      deps.book.set({ kind: 'shared', entry: entryName, over: entry.over }, value);
    }
    keys.forEach((key, index) => {
      const { observation } = inputs[index] as SeriesInput<unknown>;
      applyStep(key, result.steps[index] as Step<unknown>, observation, events);
    });
    return events;
  }

  /** In one order whatever the order of the rows, so that the alerts stand in one order too. */
  function observedKeys(rows: ReadonlyMap<string, OpenRow>): string[] {
    const keys = new Set<string>();
    for (const [key, row] of rows) if (covers(Object.keys(row.labels).length)) keys.add(key);
    if (detector.seesAbsent) for (const key of series.keys()) keys.add(key);
    return [...keys].sort();
  }

  function observationOf(key: string, row: OpenRow | undefined, at: WindowTime): Observation {
    const found = row?.values[entry.measure];
    if (row && found) return { ...at, labels: row.labels, value: found[0], volume: found[1], absent: false };
    return { ...at, labels: labelsOfKey(key), value: isZeroOverNothing(measure) ? 0 : null, volume: 0, absent: true };
  }

  function applyStep(key: string, step: Step<unknown>, observation: Observation, events: AlertEvent[]): void {
    const before = series.get(key);
    const alerts: { [direction in Direction]?: AlertState } = { ...before?.alerts };
    for (const verdict of step.verdicts) {
      const old = alerts[verdict.direction];
      if (!old && verdict.status === 'clear') continue;
      const moved = deps.alerts.judge(old, subjectOf(observation.labels, verdict.direction), verdict, observation);
      if (moved.state) alerts[verdict.direction] = moved.state;
      else delete alerts[verdict.direction];
      if (moved.event) events.push(moved.event);
    }
    const seen = observation.absent ? (before?.seen ?? observation.endMs) : observation.endMs;
    const kept = { ...(step.state === undefined ? {} : { state: step.state }), ...(Object.keys(alerts).length === 0 ? {} : { alerts }) };
    keep(key, { v: detector.stateVersion, seen, ...kept });
  }

  /** Ends the alerts of which nothing could be judged for long, and forgets the series not seen for as long. */
  function endForgotten(at: WindowTime): AlertEvent[] {
    const events: AlertEvent[] = [];
    const isLong = (since: number): boolean => at.startMs - since >= detector.forgetAfterMs;
    const fading = [...series].filter(
      ([, record]) => isLong(record.seen) || Object.values(record.alerts ?? {}).some((alert) => isLong(alert.judged)),
    );
    for (const [key, record] of fading.sort(([a], [b]) => (a < b ? -1 : 1))) {
      const alerts: { [direction in Direction]?: AlertState } = { ...record.alerts };
      for (const direction of DIRECTIONS) {
        const alert = alerts[direction];
        if (!alert || !(isLong(record.seen) || isLong(alert.judged))) continue;
        const { event } = deps.alerts.lose(alert, subjectOf(labelsOfKey(key), direction), at);
        if (event) events.push(event);
        delete alerts[direction];
      }
      keep(key, isLong(record.seen) ? undefined : { ...record, alerts });
    }
    return events;
  }

  function keep(key: string, record: SeriesRecord | undefined): void {
    if (record) series.set(key, record);
    else series.delete(key);
    deps.book.set({ kind: 'series', entry: entryName, labelsKey: key }, record);
  }

  function subjectOf(labels: Readonly<Record<string, string>>, direction: Direction): AlertSubject {
    const ordered: Record<string, string> = {};
    for (const name of spec.dimensions) if (labels[name] !== undefined) ordered[name] = labels[name];
    return {
      pipeline: spec.pipeline,
      detector: entry.detector,
      measure,
      window,
      direction,
      labels: ordered,
      metricName: entry.metricName ?? measure.name,
      naming: entry.naming?.[direction] ?? {},
    };
  }

  return {
    entry,
    measure,
    covers,
    close,
    restoreSeries(key, record) {
      // State of another version means something else: the baseline starts anew, the alerts go on.
      const { state, ...rest } = record;
      series.set(key, record.v === detector.stateVersion ? { ...rest, state } : rest);
    },
    restoreShared(stored) {
      if (stored.v === detector.stateVersion) shared = stored.state;
    },
  };
}

/** Of no events there are none: counts and sums are 0, an average or a minimum is not anything. */
function isZeroOverNothing(measure: MeasureSpec): boolean {
  return measure.kind === 'count' || measure.kind === 'sum' || measure.kind === 'distinct';
}

function named<T extends { readonly name: string }>(all: readonly T[], name: string, what: string): T {
  const found = all.find((one) => one.name === name);
  if (found) return found;
  throw new AppError('config_invalid', `detect: found ${what} "${name}"; expected one of ${all.map((one) => one.name).join(', ')}`);
}
