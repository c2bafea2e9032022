/**
 * Runs the detectors on the log of final windows. Its alerts follow from the records and the state alone: no clock, so that
 * reading `p.windows` again gives the same alerts, byte for byte.
 *
 * Rows are held until their window's `closed` record: then all series of the window are judged at once, those that are
 * known but absent too, in one order whatever the order of the rows. A window already closed is never looked at again:
 * corrections, and rows read twice after a crash, change nothing.
 */
import type { Alerts } from '../alerts/alerts.ts';
import type { WindowTime } from '../alerts/state-machine.ts';
import { AppError } from '../core/errors.ts';
import { labelsKey, type Labels } from '../core/labels.ts';
import type { DetectorKind } from '../detectors/detector.ts';
import type { StateChange } from '../log/log.ts';
import type { AlertEvent } from '../receivers/alert-event.ts';
import { heavyHittersOf } from '../windows/row-merge.ts';
import type { ClosedRecord, WindowRecord, WindowRow } from '../windows/row.ts';
import type { MeasureSpec, WindowSpec } from '../windows/spec.ts';
import type { DetectEntry, MonitorSpec } from './monitor-spec.ts';
import { createLookPlan, type LookCounts } from './look-plan.ts';
import { createStateBook, labelsOfKey } from './monitor-state.ts';
import type { OpenRow, RowValues, SeriesRecord, StateName } from './monitor-state.ts';
import { createWatch, hasParts } from './watch.ts';
import type { Watch } from './watch.ts';

export interface Monitor {
  /** The next record of `p.windows`; gives the alert events to append to `p.alerts`, in order. */
  observe(record: WindowRecord): AlertEvent[];
  /**
   * Looks at provisional rows, as far as the time allows: of the window that follows the last closed one. What it gives
   * belongs into `p.alerts` with the commit at hand; nothing else has changed. `elapsed`: monotonic, ms.
   */
  look(rows: readonly WindowRow[], elapsed: () => number): AlertEvent[];
  /** Series looked at, and those that time did not allow, since this monitor was made. */
  lookCounts(): LookCounts;
  /**
   * Looks that rang in an earlier run, out of `p.alerts` in its order, before the records of their windows are observed
   * again: together they give the same alerts as then. After `restore`, those that the state does not know are taken in at once,
   * so that later looks see what rang; gives their events, which are in `p.alerts`, as far as they were written.
   */
  recall(events: Iterable<AlertEvent>): AlertEvent[];
  /** State that changed since the last call: to be committed with the events and the offset read up to. */
  takeStateChanges(): StateChange[];
  /** Goes on from committed state (keys that start with `monitor/<pipeline>/`), before anything is observed. */
  restore(entries: Iterable<readonly [key: string, value: Uint8Array]>): void;
}

export interface MonitorDeps {
  readonly alerts: Alerts;
  /** Kinds of detectors by name; default: the catalog. */
  readonly catalog?: Readonly<Record<string, DetectorKind>>;
}

/** What is known of a window size's progress. */
interface Closed {
  /** End of the last closed window, epoch ms. */
  readonly end: number;
  /** Looks that rang in the open one. */
  readonly looks?: number;
}

/** @throws AppError `config_invalid` where an entry names what is not there, or two watch the same series alike */
export function createMonitor(spec: MonitorSpec, deps: MonitorDeps): Monitor {
  refuseOverlaps(spec.detect);
  const book = createStateBook(spec.pipeline);
  const watches = spec.detect.map((entry) => createWatch(spec, entry, { ...deps, book }));
  const watchesOf = Map.groupBy(watches, ({ entry }) => entry.window);
  const lookPlan = createLookPlan();
  const closedUpTo = new Map<string, Closed>();
  /** By window name, start (epoch ms) and labelsKey. */
  const open = new Map<string, Map<number, Map<string, OpenRow>>>();
  /** Open rows that were handed out as state, and so have to be deleted there. */
  const handedOut = new WeakSet<OpenRow>();
  /** By window name and start (ISO 8601): looks that rang in an earlier run. */
  const recalled = new Map<string, AlertEvent[]>();

  /** Rows of a window come together, and a history read in columns has one labels object a series: neither is read anew for each row. */
  let arriving = { text: '', window: '', startMs: 0, endMs: 0 };
  let place = 0;
  const keys: { readonly labels: Labels; readonly key: string }[] = [];

  function isClosed(window: string, endMs: number): boolean {
    return endMs <= (closedUpTo.get(window)?.end ?? Number.NEGATIVE_INFINITY);
  }

  function keepRow(row: WindowRow): void {
    if (!row.final || row.origin !== '') return;
    if (row.window_start !== arriving.text || row.window !== arriving.window) {
      place = 0;
      arriving = { text: row.window_start, window: row.window, startMs: Date.parse(row.window_start), endMs: Date.parse(row.window_end) };
    }
    const { startMs, endMs } = arriving;
    if (isClosed(row.window, endMs)) return;
    const rows = rowsOf(row.window, startMs);
    if (keys[place]?.labels !== row.labels) keys[place] = { labels: row.labels, key: labelsKey(row.labels) };
    const { key } = keys[place++]!;
    if (rows.has(key)) return;
    const held = openRow(row, endMs);
    if (held) rows.set(key, held);
  }

  function openRow(row: WindowRow, end: number): OpenRow | undefined {
    const values: Record<string, RowValues> = {};
    const count = Object.keys(row.labels).length;
    let isWatched = false;
    for (const { covers, measure } of watchesOf.get(row.window) ?? []) {
      if (!covers(count)) continue;
      values[measure.name] ??= valuesOf(measure, row, spec.measures);
      isWatched = true;
    }
    return isWatched ? { labels: row.labels, end, values } : undefined;
  }

  function rowsOf(window: string, startMs: number): Map<string, OpenRow> {
    let starts = open.get(window);
    if (!starts) open.set(window, (starts = new Map()));
    let rows = starts.get(startMs);
    if (!rows) starts.set(startMs, (rows = new Map()));
    return rows;
  }

  function closeWindow(record: ClosedRecord): AlertEvent[] {
    const { window } = record;
    const at = { startMs: Date.parse(record.window_start), endMs: Date.parse(record.window_end) };
    if (isClosed(window, at.endMs)) return [];
    const rows = rowsOf(window, at.startMs);
    const events = recallLooks(window, record.window_start, at);
    for (const watch of watchesOf.get(window) ?? []) events.push(...watch.close(rows, at));
    setClosed(window, { end: at.endMs });
    for (const startMs of open.get(window)?.keys() ?? []) if (startMs <= at.startMs) letGo(window, startMs);
    return events;
  }

  function setClosed(window: string, closed: Closed): void {
    closedUpTo.set(window, closed);
    book.set({ kind: 'closed', window }, closed);
  }

  function letGo(window: string, startMs: number): void {
    const starts = open.get(window);
    for (const [key, row] of starts?.get(startMs) ?? []) {
      if (handedOut.has(row)) book.set({ kind: 'open', window, startMs, labelsKey: key }, undefined);
    }
    starts?.delete(startMs);
  }

  /** Writes the rows of windows that are not closed: most come and go within one commit, and are never written. */
  function writeOpenRows(): void {
    for (const [window, starts] of open) {
      for (const [startMs, rows] of starts) {
        for (const [key, row] of rows) {
          if (handedOut.has(row)) continue;
          book.set({ kind: 'open', window, startMs, labelsKey: key }, row);
          handedOut.add(row);
        }
      }
    }
  }

  function lookAt(window: WindowSpec, rows: readonly WindowRow[], elapsed: () => number): AlertEvent[] {
    const closed = closedUpTo.get(window.name);
    const looking = (watchesOf.get(window.name) ?? []).filter((watch) => watch.looks);
    if (!closed || looking.length === 0) return [];
    // Evidence goes on from the last closed window; what lies beyond the next one has to wait for that.
    const at = windowAfter(window, closed);
    const start = new Date(at.startMs).toISOString();
    const here = rows.filter((row) => row.window === window.name && row.window_start === start && row.origin === '' && !row.final);
    if (here.length === 0) return [];
    const number = closed.looks ?? 0;
    const events = lookPlan.run(here, elapsed, (chosen) => {
      const held = new Map<string, OpenRow>();
      for (const row of chosen) {
        const one = openRow(row, at.endMs);
        if (one) held.set(labelsKey(row.labels), one);
      }
      return looking.flatMap((watch) => watch.look(held, at, number));
    });
    if (events.length > 0) setClosed(window.name, { ...closed, looks: number + 1 });
    return events;
  }

  /** A look that rang in the window at hand before its state was noted: as if it had been. */
  function recallOpen(window: WindowSpec): AlertEvent[] {
    const closed = closedUpTo.get(window.name);
    if (!closed) return [];
    const at = windowAfter(window, closed);
    const start = new Date(at.startMs).toISOString();
    const numbers = (recalled.get(`${window.name}/${start}`) ?? []).map(({ look }) => look!.number);
    if (numbers.length === 0) return [];
    const events = recallLooks(window.name, start, at);
    setClosed(window.name, { ...closed, looks: Math.max(...numbers) + 1 });
    return events;
  }

  /** Its window is closed, or the state holds it. */
  function isKnown({ window, window_end: end, look }: AlertEvent): boolean {
    return isClosed(window, Date.parse(end)) || look!.number < (closedUpTo.get(window)?.looks ?? 0);
  }

  function recallLooks(window: string, start: string, at: WindowTime): AlertEvent[] {
    const key = `${window}/${start}`;
    const looks = Map.groupBy(recalled.get(key) ?? [], ({ look }) => look?.number);
    recalled.delete(key);
    return [...looks.values()].flatMap((events) =>
      (watchesOf.get(window) ?? []).flatMap((watch) => {
        const own = events.filter(
          (event) => isEntry(watch.entry, [event.detector, event.measure, event.window]) && watch.covers(Object.keys(event.labels).length),
        );
        return own.length === 0 ? [] : watch.recall(own, at);
      }),
    );
  }

  function restoreOne(entry: readonly [key: string, value: Uint8Array]): void {
    const found = book.read(entry);
    if (!found || !restoreFound(found.name, found.value)) book.drop(entry[0]);
  }

  /** False for what a detector left that the file no longer has. */
  function restoreFound(name: StateName, value: unknown): boolean {
    if (name.kind === 'closed' || name.kind === 'open') {
      if (!watchesOf.has(name.window)) return false;
      if (name.kind === 'closed') {
        closedUpTo.set(name.window, value as Closed);
        return true;
      }
      handedOut.add(value as OpenRow);
      rowsOf(name.window, name.startMs).set(name.labelsKey, value as OpenRow);
      return true;
    }
    const watch = watches.find((one) => isEntry(one.entry, name.entry) && holds(one, name));
    if (name.kind === 'series') watch?.restoreSeries(name.labelsKey, value as SeriesRecord);
    else watch?.restoreShared(value as { v: number; state: unknown });
    return watch !== undefined;
  }

  return {
    observe(record) {
      if (record.pipeline !== spec.pipeline || !watchesOf.has(record.window)) return [];
      if (record.kind === 'closed') return closeWindow(record);
      keepRow(record);
      return [];
    },
    look: (rows, elapsed) => spec.windows.flatMap((window) => lookAt(window, rows, elapsed)),
    lookCounts: () => lookPlan.counts(),
    recall(events) {
      for (const event of events) {
        if (!event.look || event.pipeline !== spec.pipeline || isKnown(event)) continue;
        const key = `${event.window}/${event.window_start}`;
        recalled.set(key, [...(recalled.get(key) ?? []), event]);
      }
      return spec.windows.flatMap(recallOpen);
    },
    takeStateChanges() {
      writeOpenRows();
      return [...book.take(), ...watches.flatMap((watch) => watch.takeStateChanges())];
    },
    restore(entries) {
      for (const entry of entries) restoreOne(entry);
    },
  };
}

/** The one that follows the last closed one. */
function windowAfter({ sizeMs, slideMs }: WindowSpec, { end }: Closed): WindowTime {
  return { startMs: end + slideMs - sizeMs, endMs: end + slideMs };
}

/** Keys of heavy hitters that a detector sees. */
const HEAVY_KEYS_MAX = 20;

/** Volume, how much stands behind a value, is a ratio's denominator, else the events of the row. */
function valuesOf(measure: MeasureSpec, row: WindowRow, measures: readonly MeasureSpec[]): RowValues {
  const value = row.measures[measure.name] ?? null;
  if (measure.kind === 'heavy_hitters') return [value, row.events, null, null, heavyHittersOf(row.state, measure.name, HEAVY_KEYS_MAX)];
  if (measure.kind !== 'ratio') return [value, row.events, hasParts(measures, measure) ? value : null, 1];
  const exposure = row.measures[measure.denominator] ?? 0;
  return [value, exposure, hasParts(measures, measure) ? (row.measures[measure.numerator] ?? 0) : null, exposure];
}

function holds(watch: Watch, name: StateName): boolean {
  if (name.kind === 'shared') return watch.entry.over === name.over;
  return name.kind === 'series' && watch.covers(Object.keys(labelsOfKey(name.labelsKey)).length);
}

function isEntry(entry: DetectEntry, name: readonly string[]): boolean {
  return entry.detector === name[0] && entry.measure === name[1] && entry.window === name[2];
}

/** Two detectors of one kind on the same series would share state and alert ids. */
function refuseOverlaps(entries: readonly DetectEntry[]): void {
  entries.forEach((entry, index) => {
    const twin = entries
      .slice(index + 1)
      .find(
        (other) =>
          isEntry(other, [entry.detector, entry.measure, entry.window]) &&
          (entry.over === other.over || entry.over === 'all' || other.over === 'all'),
      );
    if (!twin) return;
    throw new AppError(
      'config_invalid',
      `detect: found ${entry.detector} on ${entry.measure} in ${entry.window} windows twice (over: ${entry.over} and over: ${twin.over}); ` +
        'expected one for each series: take one out, or let one watch `full` and the other `rollups`',
    );
  });
}
