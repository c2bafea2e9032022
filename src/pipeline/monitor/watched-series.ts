/** The series of one detect entry, in one order, and what is remembered of each. */
import type { SeriesAlerts } from '../../alerts/alert-desk.ts';
import type { Labels } from '../../core/labels.ts';
import { mapped, type Sliced } from '../../core/slices.ts';
import type { Detector } from '../../detectors/detector.ts';
import type { StateChange } from '../../log/log.ts';
import type { HeldRow } from './row-values.ts';
import { isSameMeaning, labelsOfKey, type SeriesRecord, type StateBook, type StateMark } from './monitor-state.ts';

export interface WatchedSeries {
  /** `labelsKey` of its labels. */
  readonly key: string;
  /** In the order of the pipeline's dimensions. */
  readonly labels: Labels;
  /** End of the last window in which it had a row, epoch ms. */
  seen: number;
  /** The detector's own; may be an object that it changes in place. */
  state: unknown;
  alerts: SeriesAlerts;
  /** While its window is closed: its row in it. */
  row: HeldRow | undefined;
  /** It has changed since it was written. */
  isTouched: boolean;
  /** In the state; made when it is first written. */
  stateKey: string | undefined;
}

export interface WatchedSeriesBook {
  get(key: string): WatchedSeries | undefined;
  /** `key`: `labelsKey` of the labels. */
  add(key: string, labels: Labels, seen: number): WatchedSeries;
  /** All of them by key, so that sums and alerts come in one order whatever the order of the rows. Valid until the next change. */
  sorted(): readonly WatchedSeries[];
  /** It has changed: it is written at the next `takeStateChanges`. */
  touch(series: WatchedSeries): void;
  forget(series: WatchedSeries): void;
  /** `unknownBefore`: nothing is known of windows that begin before it and were not told, epoch ms. */
  restore(key: string, record: SeriesRecord, unknownBefore?: number): WatchedSeries;
  /** What changed since the last call, encoded now: a detector changes its states in place. */
  takeStateChanges(): Sliced<StateChange[]>;
}

/** `entry`: its name in the state's keys. `mark`: what state is written under. */
export function createWatchedSeries(
  entry: readonly string[],
  dimensions: readonly string[],
  detector: Detector,
  mark: StateMark,
  states: Pick<StateBook, 'keyOf' | 'set' | 'encode' | 'joined'>,
): WatchedSeriesBook {
  const { stateForm } = detector;
  const all = new Map<string, WatchedSeries>();
  let touched: WatchedSeries[] = [];
  let order: WatchedSeries[] = [];
  let isOrdered = true;
  let head: { readonly seen: number; readonly bytes: Uint8Array } = { seen: Number.NaN, bytes: new Uint8Array() };

  function put(key: string, labels: Labels, seen: number): WatchedSeries {
    const ordered: Record<string, string> = {};
    for (const name of dimensions) if (labels[name] !== undefined) ordered[name] = labels[name];
    const series: WatchedSeries = {
      key,
      labels: ordered,
      seen,
      state: undefined,
      alerts: NO_ALERTS,
      row: undefined,
      isTouched: false,
      stateKey: undefined,
    };
    all.set(key, series);
    isOrdered = false;
    return series;
  }

  function nameOf(series: WatchedSeries) {
    return { kind: 'series', entry, labelsKey: series.key } as const;
  }

  function encode({ seen, state, alerts }: WatchedSeries): Uint8Array {
    const hasAlerts = alerts.down !== undefined || alerts.up !== undefined;
    if (state !== undefined && stateForm && !hasAlerts) return states.joined(headOf(seen), stateForm.encode(state));
    const known = hasAlerts ? { ...mark, seen, alerts } : { ...mark, seen };
    if (state === undefined) return states.encode(known);
    return stateForm ? states.joined(states.encode(known), stateForm.encode(state)) : states.encode({ ...known, state });
  }

  /** Most series of a commit were seen in the same window, and have nothing else to tell. */
  function headOf(seen: number): Uint8Array {
    if (head.seen !== seen) head = { seen, bytes: states.encode({ ...mark, seen }) };
    return head.bytes;
  }

  return {
    get: (key) => all.get(key),
    add: put,
    sorted() {
      if (!isOrdered) order = [...all.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
      isOrdered = true;
      return order;
    },
    touch(series) {
      if (series.isTouched) return;
      series.isTouched = true;
      touched.push(series);
    },
    forget(series) {
      all.delete(series.key);
      series.isTouched = false;
      states.set(nameOf(series), undefined);
      isOrdered = false;
    },
    restore(key, record, unknownBefore = -Infinity) {
      const { v, seen, state, alerts = NO_ALERTS } = record;
      const series = put(key, labelsOfKey(key), seen);
      series.alerts = alerts;
      // State of another version, of other settings or of another measure means something else: the baseline starts anew, the alerts go on.
      if (!isSameMeaning(record, mark)) return series;
      if (stateForm) series.state = state instanceof Uint8Array ? stateForm.decode(state, v) : undefined;
      else if (v === mark.v) series.state = state;
      if (detector.passUnknown && series.state !== undefined) series.state = detector.passUnknown(series.state, unknownBefore);
      return series;
    },
    takeStateChanges() {
      // A series that was forgotten since is left out.
      const taken = touched.filter(({ isTouched }) => isTouched);
      touched = [];
      return mapped(taken, (series): StateChange => {
        series.isTouched = false;
        return [(series.stateKey ??= states.keyOf(nameOf(series))), encode(series)];
      });
    },
  };
}

const NO_ALERTS: SeriesAlerts = {};

/** Seen, or judged while an alert is on, at `last` for the last time or before. */
export function isFading({ seen, alerts: { down, up } }: WatchedSeries, last: { readonly seen: number; readonly judged: number }): boolean {
  return seen <= last.seen || (down !== undefined && down.judged <= last.judged) || (up !== undefined && up.judged <= last.judged);
}

/** It rang at a look at the window that is still open. */
export function hasRisen({ alerts: { up } }: WatchedSeries): boolean {
  return up?.looked === true;
}

export function hasLooked({ alerts: { down, up } }: WatchedSeries): boolean {
  return down?.looked === true || up?.looked === true;
}
