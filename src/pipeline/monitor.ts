/**
 * Runs the detectors on the log of final windows. Its alerts follow from the records and the state alone: no clock, so that
 * reading `p.windows` again gives the same alerts, byte for byte.
 *
 * Rows are held until their window's `closed` record: then all series of the window are judged at once, those that are
 * known but absent too, in one order whatever the order of the rows. A window already closed is never looked at again:
 * corrections, and rows read twice after a crash, change nothing.
 */
import type { Alerts } from '../alerts/alerts.ts';
import { AppError } from '../core/errors.ts';
import { labelsKey } from '../core/labels.ts';
import type { StateChange } from '../log/log.ts';
import type { AlertEvent } from '../receivers/alert-event.ts';
import type { ClosedRecord, WindowRecord, WindowRow } from '../windows/row.ts';
import type { MeasureSpec } from '../windows/spec.ts';
import type { DetectEntry, MonitorSpec } from './monitor-spec.ts';
import { createStateBook, labelsOfKey } from './monitor-state.ts';
import type { OpenRow, SeriesRecord, StateName } from './monitor-state.ts';
import { createWatch } from './watch.ts';
import type { Watch } from './watch.ts';

export interface Monitor {
  /** The next record of `p.windows`; gives the alert events to append to `p.alerts`, in order. */
  observe(record: WindowRecord): AlertEvent[];
  /** State that changed since the last call: to be committed with the events and the offset read up to. */
  takeStateChanges(): StateChange[];
  /** Goes on from committed state (keys that start with `monitor/<pipeline>/`), before anything is observed. */
  restore(entries: Iterable<readonly [key: string, value: Uint8Array]>): void;
}

export interface MonitorDeps {
  readonly alerts: Alerts;
}

/** @throws AppError `config_invalid` where an entry names what is not there, or two watch the same series alike */
export function createMonitor(spec: MonitorSpec, deps: MonitorDeps): Monitor {
  refuseOverlaps(spec.detect);
  const book = createStateBook(spec.pipeline);
  const watches = spec.detect.map((entry) => createWatch(spec, entry, { alerts: deps.alerts, book }));
  const watchedWindows = new Set(spec.detect.map((entry) => entry.window));
  /** End of the last closed window of each size, epoch ms. */
  const closedUpTo = new Map<string, number>();
  /** By window name, start (epoch ms) and labelsKey. */
  const open = new Map<string, Map<number, Map<string, OpenRow>>>();
  /** Open rows that were handed out as state, and so have to be deleted there. */
  const handedOut = new WeakSet<OpenRow>();

  function isClosed(window: string, endMs: number): boolean {
    return endMs <= (closedUpTo.get(window) ?? Number.NEGATIVE_INFINITY);
  }

  function keepRow(row: WindowRow): void {
    if (!row.final || row.origin !== '') return;
    const endMs = Date.parse(row.window_end);
    if (isClosed(row.window, endMs)) return;
    const startMs = Date.parse(row.window_start);
    const key = labelsKey(row.labels);
    const rows = rowsOf(row.window, startMs);
    if (rows.has(key)) return;
    const held = openRow(row, endMs);
    if (!held) return;
    rows.set(key, held);
    book.set({ kind: 'open', window: row.window, startMs, labelsKey: key }, held);
  }

  function openRow(row: WindowRow, end: number): OpenRow | undefined {
    const values: Record<string, [number | null, number]> = {};
    const count = Object.keys(row.labels).length;
    const looking = watches.filter((watch) => watch.entry.window === row.window && watch.covers(count));
    for (const { measure } of looking) values[measure.name] = [row.measures[measure.name] ?? null, volumeOf(measure, row)];
    return looking.length === 0 ? undefined : { labels: row.labels, end, values };
  }

  function rowsOf(window: string, startMs: number): Map<string, OpenRow> {
    const starts = open.get(window) ?? new Map<number, Map<string, OpenRow>>();
    open.set(window, starts);
    const rows = starts.get(startMs) ?? new Map<string, OpenRow>();
    starts.set(startMs, rows);
    return rows;
  }

  function closeWindow(record: ClosedRecord): AlertEvent[] {
    const { window } = record;
    const at = { startMs: Date.parse(record.window_start), endMs: Date.parse(record.window_end) };
    if (isClosed(window, at.endMs)) return [];
    const rows = rowsOf(window, at.startMs);
    const events = watches.filter((watch) => watch.entry.window === window).flatMap((watch) => watch.close(rows, at));
    closedUpTo.set(window, at.endMs);
    book.set({ kind: 'closed', window }, { end: at.endMs });
    for (const startMs of open.get(window)?.keys() ?? []) if (startMs <= at.startMs) letGo(window, startMs);
    return events;
  }

  function letGo(window: string, startMs: number): void {
    const starts = open.get(window);
    for (const [key, row] of starts?.get(startMs) ?? []) {
      const name = { kind: 'open', window, startMs, labelsKey: key } as const;
      if (handedOut.has(row)) book.set(name, undefined);
      else book.unset(name);
    }
    starts?.delete(startMs);
  }

  function restoreOne(entry: readonly [key: string, value: Uint8Array]): void {
    const found = book.read(entry);
    if (!found || !restoreFound(found.name, found.value)) book.drop(entry[0]);
  }

  /** False for what a detector left that the file no longer has. */
  function restoreFound(name: StateName, value: unknown): boolean {
    if (name.kind === 'closed' || name.kind === 'open') {
      if (!watchedWindows.has(name.window)) return false;
      if (name.kind === 'closed') {
        closedUpTo.set(name.window, (value as { end: number }).end);
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
      if (record.pipeline !== spec.pipeline || !watchedWindows.has(record.window)) return [];
      if (record.kind === 'closed') return closeWindow(record);
      keepRow(record);
      return [];
    },
    takeStateChanges() {
      for (const starts of open.values()) for (const rows of starts.values()) for (const row of rows.values()) handedOut.add(row);
      return book.take();
    },
    restore(entries) {
      for (const entry of entries) restoreOne(entry);
    },
  };
}

/** How much stands behind a value: a ratio's denominator, else the events of the row. */
function volumeOf(measure: MeasureSpec, row: WindowRow): number {
  return measure.kind === 'ratio' ? (row.measures[measure.denominator] ?? 0) : row.events;
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
