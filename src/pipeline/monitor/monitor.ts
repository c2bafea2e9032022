/**
 * Runs the detectors on the log of final windows. Its alerts follow from the records and the state alone: no clock, so that
 * reading `p.windows` again gives the same alerts, byte for byte.
 *
 * Rows are held until their window's `closed` record: then all series of the window are judged at once, those that are
 * known but absent too, in one order whatever the order of the rows. A window already closed is never looked at again:
 * corrections, and rows read twice after a crash, change nothing.
 */
import type { Alerts } from '../../alerts/alerts.ts';
import type { WindowTime } from '../../alerts/state-machine.ts';
import { labelsKey } from '../../core/labels.ts';
import { atOnce, createPace, joined, type Sliced } from '../../core/slices.ts';
import type { DetectorKind } from '../../detectors/detector.ts';
import type { StateChange } from '../../log/log.ts';
import type { AlertEvent } from '../../receivers/alert-event.ts';
import type { ClosedRecord, WindowRecord, WindowRow } from '../../windows/row.ts';
import type { WindowSpec } from '../../windows/spec.ts';
import type { DetectEntry, MonitorSpec } from './monitor-spec.ts';
import { createLookPlan, type LookCounts } from './look-plan.ts';
import { createStateBook, labelsOfKey } from './monitor-state.ts';
import type { OpenRow, SeriesRecord, StateMark, StateName } from './monitor-state.ts';
import { createOpenRows } from './open-rows.ts';
import type { HeldRow } from './row-values.ts';
import { createRecalledLooks, openFromOf } from './recalled-looks.ts';
import { createUnwatched } from './unwatched.ts';
import { createWatch } from './watch.ts';
import type { Watch } from './watch.ts';

export interface Monitor {
  /** The next record of `p.windows`; gives the alert events to append to `p.alerts`, in order. */
  observe(record: WindowRecord): AlertEvent[];
  /** The same for several records, in slices. Nothing else is asked before its last one. */
  observing(records: Iterable<WindowRecord>): Sliced<AlertEvent[]>;
  /**
   * Looks at provisional rows, as far as the time allows: of the window that follows the last closed one. What it gives
   * belongs into `p.alerts` with the commit at hand; nothing else has changed. `elapsed`: monotonic, ms. The rows of a window size
   * are looked at in one go, what rings is told in slices.
   */
  look(rows: readonly WindowRow[], elapsed: () => number): Sliced<AlertEvent[]>;
  /** Series looked at, and those that time did not allow, since this monitor was made. */
  lookCounts(): LookCounts;
  /** Whether there is a window to ask about that ends up to `until`, epoch ms, that is complete, and that `silence` was not asked about. */
  hasSilence(until: number): boolean;
  /**
   * Nothing comes any more, and by the clock windows that end up to `until` (epoch ms) are over: asks those detectors that hear silence
   * about the last of them. `openRows`: of the open windows asked for, as they stand, incomplete ones too: something came in them, and
   * that ends a silence. What it gives is as of `look`.
   */
  silence(until: number, openRows: OpenRows): Sliced<AlertEvent[]>;
  /**
   * Looks that rang in an earlier run, out of `p.alerts` in its order, before the records of their windows are observed
   * again: together they give the same alerts as then. After `restore`, those that the state does not know are taken in at once,
   * so that later looks see what rang; gives their events, which are in `p.alerts`, as far as they were written.
   */
  recall(events: Iterable<AlertEvent>): AlertEvent[];
  /** State that changed since the last call: to be committed with the events and the offset read up to. */
  takeStateChanges(): StateChange[];
  /** The same in slices. */
  takingStateChanges(): Sliced<StateChange[]>;
  /**
   * Goes on from committed state (keys that start with `monitor/<pipeline>/`), before anything is observed. `completeFrom`, epoch ms: of windows that
   * begin before it and were not told nothing is known; default: there are none.
   */
  restore(entries: Iterable<readonly [key: string, value: Uint8Array]>, completeFrom?: number): void;
}

export type OpenRows = (isAsked: (window: string, end: number) => boolean) => readonly WindowRow[];

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

/** @throws AppError `config_invalid` where an entry names what is not there */
export function createMonitor(spec: MonitorSpec, deps: MonitorDeps): Monitor {
  const book = createStateBook(spec.pipeline);
  const watches = spec.detect.map((entry) => createWatch(spec, entry, { ...deps, book }));
  const watchesOf = Map.groupBy(watches, ({ entry }) => entry.window);
  const lookPlan = createLookPlan();
  const closedUpTo = new Map<string, Closed>();
  const open = createOpenRows(spec.measures, watchesOf, book);
  const recalled = createRecalledLooks();
  const unwatched = createUnwatched(spec, deps.alerts, book);
  /** By window name: end of the last window that the clock said was over while none closed, epoch ms. */
  const heardUpTo = new Map<string, number>();
  /** Of windows that begin before it not all is here, epoch ms. */
  let completeFrom = -Infinity;

  function isClosed(window: string, endMs: number): boolean {
    return endMs <= (closedUpTo.get(window)?.end ?? Number.NEGATIVE_INFINITY);
  }

  function* closeWindow(record: ClosedRecord): Sliced<AlertEvent[]> {
    const { window } = record;
    const at = { startMs: Date.parse(record.window_start), endMs: Date.parse(record.window_end) };
    if (isClosed(window, at.endMs)) return [];
    const ends = unwatched.end(window, at);
    if (!watchesOf.has(window)) return ends;
    const rows = open.of(window, at.startMs);
    const closing = (watchesOf.get(window) ?? []).map((watch) => watch.close(rows, at));
    const events = yield* joined([recallLooks(window, record.window_start), ...closing]);
    setClosed(window, { end: at.endMs });
    open.letGo(window, at.startMs);
    return [...ends, ...events];
  }

  function setClosed(window: string, closed: Closed): void {
    if (closedUpTo.get(window)?.end !== closed.end) heardUpTo.delete(window);
    closedUpTo.set(window, closed);
    book.set({ kind: 'closed', window }, closed);
  }

  function* lookAt(window: WindowSpec, rows: readonly WindowRow[], elapsed: () => number): Sliced<AlertEvent[]> {
    const closed = closedUpTo.get(window.name);
    const looking = (watchesOf.get(window.name) ?? []).filter((watch) => watch.looks);
    if (!closed || looking.length === 0) return [];
    // Evidence goes on from the last closed window; what lies beyond the next one has to wait for that.
    const at = windowAfter(window, closed);
    const start = new Date(at.startMs).toISOString();
    const here = rows.filter((row) => row.window === window.name && row.window_start === start && row.origin === '' && !row.final);
    if (here.length === 0) return [];
    const number = closed.looks ?? 0;
    const seen = lookPlan.run(here, elapsed, (chosen) => {
      const held = open.named(chosen);
      return looking.map((watch) => watch.look(held, at, number));
    });
    const events = yield* joined(seen);
    if (events.length > 0) setClosed(window.name, { ...closed, looks: number + 1 });
    return events;
  }

  /** The last window that is over by the clock, where it is complete and `silence` was not asked about it. */
  function silentWindow({ name, slideMs, sizeMs }: WindowSpec, until: number): WindowTime | undefined {
    const closed = closedUpTo.get(name);
    if (!closed || !watchesOf.get(name)?.some((watch) => watch.hearsSilence)) return undefined;
    const windows = Math.floor((until - closed.end) / slideMs);
    const endMs = closed.end + windows * slideMs;
    const startMs = endMs - sizeMs;
    return windows > 0 && startMs >= completeFrom && endMs > (heardUpTo.get(name) ?? 0) ? { startMs, endMs } : undefined;
  }

  function* hearSilence(window: WindowSpec, until: number, openRows: OpenRows): Sliced<AlertEvent[]> {
    const at = silentWindow(window, until);
    const closed = closedUpTo.get(window.name);
    if (!at || !closed) return [];
    heardUpTo.set(window.name, at.endMs);
    const begun = new Map<number, Map<string, HeldRow>>();
    for (const row of openRows((name, end) => name === window.name && end > closed.end && end <= at.endMs)) {
      if (row.origin !== '' || !open.isWatched(row)) continue;
      const startMs = Date.parse(row.window_start);
      begun.set(startMs, (begun.get(startMs) ?? new Map<string, HeldRow>()).set(labelsKey(row.labels), row));
    }
    const openFrom = new Date(windowAfter(window, closed).startMs).toISOString();
    const number = closed.looks ?? 0;
    const hearing = (watchesOf.get(window.name) ?? []).filter((watch) => watch.hearsSilence);
    const events = yield* joined(hearing.map((watch) => watch.silence(begun, at, { number, openFrom }, completeFrom)));
    if (events.length > 0) setClosed(window.name, { ...closed, looks: number + 1 });
    return events;
  }

  /** A look that rang in the window at hand before its state was noted: as if it had been. */
  function* recallOpen(window: WindowSpec): Sliced<AlertEvent[]> {
    const closed = closedUpTo.get(window.name);
    if (!closed) return [];
    const start = new Date(windowAfter(window, closed).startMs).toISOString();
    const number = recalled.highest(window.name, start);
    if (number === undefined) return [];
    const events = yield* recallLooks(window.name, start);
    setClosed(window.name, { ...closed, looks: number + 1 });
    return events;
  }

  /** Its window is closed, or the state holds it. */
  function isKnown(event: AlertEvent): boolean {
    const { window, look } = event;
    const size = spec.windows.find(({ name }) => name === window)?.sizeMs ?? 0;
    return isClosed(window, Date.parse(openFromOf(event)) + size) || look!.number < (closedUpTo.get(window)?.looks ?? 0);
  }

  function recallLooks(window: string, start: string): Sliced<AlertEvent[]> {
    const recalling = recalled.take(window, start).flatMap((events) =>
      (watchesOf.get(window) ?? []).flatMap((watch) => {
        const own = events.filter(
          (event) => isEntry(watch.entry, [event.detector, event.measure, event.window]) && watch.covers(event.labels),
        );
        const [one] = own;
        return one ? [watch.recall(own, { startMs: Date.parse(one.window_start), endMs: Date.parse(one.window_end) })] : [];
      }),
    );
    return joined(recalling);
  }

  /** Its rows, and each closed window: alerts that nobody watches any more end with one. */
  function isWatched({ pipeline, window, kind }: WindowRecord): boolean {
    return pipeline === spec.pipeline && (kind === 'closed' || watchesOf.has(window));
  }

  function* observing(records: Iterable<WindowRecord>): Sliced<AlertEvent[]> {
    const isDue = createPace();
    const events: AlertEvent[][] = [];
    for (const record of records) {
      if (isDue()) yield;
      if (!isWatched(record)) continue;
      if (record.kind === 'closed') events.push(yield* closeWindow(record));
      else open.keep(record, isClosed);
    }
    return events.flat();
  }

  function* takingStateChanges(): Sliced<StateChange[]> {
    open.write();
    const changes = [book.take()];
    for (const watch of watches) changes.push(yield* watch.takeStateChanges());
    return changes.flat();
  }

  function restoreOne(entry: readonly [key: string, value: Uint8Array]): void {
    const found = book.read(entry);
    if (!found || !restoreFound(found.name, found.value)) book.drop(entry[0]);
  }

  /** False for what a detector left that the file no longer has, and that says nothing to anybody. */
  function restoreFound(name: StateName, value: unknown): boolean {
    if (name.kind === 'closed' || name.kind === 'open') {
      if (!watchesOf.has(name.window)) return false;
      if (name.kind === 'closed') {
        closedUpTo.set(name.window, value as Closed);
        return true;
      }
      return open.restore(name.window, name.startMs, name.labelsKey, value as OpenRow);
    }
    const watch = watches.find((one) => isEntry(one.entry, name.entry) && holds(one, name));
    if (name.kind === 'shared') {
      watch?.restoreShared(value as StateMark & { readonly state: unknown });
      return watch !== undefined;
    }
    if (!watch) return unwatched.take(name, value as SeriesRecord, watches.find((one) => isEntry(one.entry, name.entry))?.orphan);
    watch.restoreSeries(name.labelsKey, value as SeriesRecord, completeFrom);
    return true;
  }

  return {
    observe(record) {
      if (!isWatched(record)) return [];
      if (record.kind === 'closed') return atOnce(closeWindow(record));
      open.keep(record, isClosed);
      return [];
    },
    observing,
    look: (rows, elapsed) => joined(spec.windows.map((window) => lookAt(window, rows, elapsed))),
    lookCounts: () => lookPlan.counts(),
    hasSilence: (until) => spec.windows.some((window) => silentWindow(window, until) !== undefined),
    silence: (until, openRows) => joined(spec.windows.map((window) => hearSilence(window, until, openRows))),
    recall(events) {
      for (const event of events) {
        if (!event.look || event.pipeline !== spec.pipeline || isKnown(event)) continue;
        recalled.add(event);
      }
      return atOnce(joined(spec.windows.map(recallOpen)));
    },
    takeStateChanges: () => atOnce(takingStateChanges()),
    takingStateChanges,
    restore(entries, from = -Infinity) {
      completeFrom = from;
      for (const entry of entries) restoreOne(entry);
    },
  };
}

/** The one that follows the last closed one. */
function windowAfter({ sizeMs, slideMs }: WindowSpec, { end }: Closed): WindowTime {
  return { startMs: end + slideMs - sizeMs, endMs: end + slideMs };
}

function holds(watch: Watch, name: StateName): boolean {
  if (name.kind === 'shared') return watch.entry.over === name.over;
  return name.kind === 'series' && watch.covers(labelsOfKey(name.labelsKey));
}

function isEntry(entry: DetectEntry, name: readonly string[]): boolean {
  return entry.detector === name[0] && entry.measure === name[1] && entry.window === name[2];
}
