/**
 * From the partials of all input partitions to rows: first final rows, corrections, provisional rows and rows of other
 * origins. Final rows depend on the partitions' records alone, not on how the partials interleave, unless they name an
 * idle partition.
 */
import { atOnce, createPace, type Sliced } from '../../core/slices.ts';
import { createLivePanes, type LivePanes } from './live-panes.ts';
import type { SeriesKey } from '../cells.ts';
import { createPaneJournal } from './pane-journal.ts';
import type { PanePartial, RestoredPanes } from '../panes.ts';
import type { Partials } from '../partials/partials.ts';
import { nextEnd, type Plan } from '../plan.ts';
import { createRowWriter } from './row-writer.ts';
import type { WindowRecord, WindowRow } from '../row.ts';
import { closingOrder, type ClosingPosition } from './closing-order.ts';
import { createWatermarks, type WatermarksState } from './watermarks.ts';
import { createWindowBook, type OpenWindow, type WindowId } from './window-book.ts';
import { createWindowRows, totalOf } from './window-rows.ts';

export interface Merge {
  /**
   * Takes in partials and yields what follows, in the order for `p.windows`; `provisional` rows of open windows apart,
   * where wanted: they are shown, not stored. `later`: in a later step, which is shown together with this one. No other step, and
   * nothing that changes it, before its last slice.
   */
  step(partials: readonly Partials[], options: { provisional: boolean | 'later' }): Sliced<Merged>;
  /** All open windows as they stand, or those asked for by name and end (epoch ms); `final: false`. Moves nothing. */
  flush(isAsked?: (window: string, end: number) => boolean): WindowRow[];
  /** Forgets a pane of a partition, unless a window that is not retired needs it: then false. */
  release(partition: string, paneStart: number): boolean;
  /** Forgets all panes that no event can change any more and no window needs: for a merge that keeps them itself. */
  expire(): void;
  /** Per window name, without roll-ups: rows there are (open windows included) and events that came after the first final row. */
  counts(): Sliced<WindowCounts>;
  /** Windows that end up to here are final, epoch ms. */
  readonly frontier: number;
  /** Of a partition, as it was last told: its watermark, epoch ms, and the offset up to which its records are in. */
  progress(partition: string): { readonly watermark: number; readonly offset: number };
  /** Every partition has told that it is idle. */
  isSilent(): boolean;
  /** What changed since the last call; null: gone. Values are structured-cloneable. */
  takingStateChanges(): Sliced<[key: string, value: unknown][]>;
  /** State of an earlier life, with all panes of all partitions, and the replayed ones, where they are not in the state itself. */
  restore(entries: readonly (readonly [key: string, value: unknown])[], panes: readonly RestoredPanes[]): void;
}

/** By window name. */
export type WindowCounts = Readonly<Record<string, { readonly results: number; readonly corrections: number }>>;

export interface Merged {
  readonly records: WindowRecord[];
  readonly provisional: WindowRow[];
}

interface Meta {
  watermarks: WatermarksState;
  positions: ClosingPosition[];
  results: number[];
  corrections: number[];
  /** `window/start/partition`: late contributions to retired windows stand in rows of their own. */
  apart: string[];
}

/** Series of a window that changed in another origin than the main row's, and the panes of which partitions hold them. */
interface Aside {
  readonly id: WindowId;
  readonly origin: string;
  readonly from: readonly string[];
  readonly panes: LivePanes;
  /** Per grouping. */
  readonly keys: readonly Iterable<SeriesKey>[];
}

/** `keepsPanes`: they are part of the state, so that whoever goes on with it needs nothing from the partitions. */
export function createMerge(plan: Plan, revision: number, { keepsPanes = false } = {}): Merge {
  const watermarks = createWatermarks(plan);
  const { names } = watermarks;
  const live = createLivePanes(plan);
  const replays = createLivePanes(plan);
  const writer = createRowWriter(plan, revision);
  const book = createWindowBook(plan);
  const journal = keepsPanes ? createPaneJournal(plan) : undefined;
  const apart = new Set<string>();
  const order = closingOrder(plan.windows);
  const results = plan.windows.map(() => 0);
  const corrections = plan.windows.map(() => 0);
  const rowsOf = createWindowRows(plan, { watermarks, live, writer, results, corrections });
  const isDue = createPace();
  /** Start of the newest pane with an event. What became of records may stand far ahead, where a producer's clock is. */
  let newestPane = -Infinity;

  /** The window, made where it is not there. What comes for one that was final without any event is a correction. */
  function opened(id: WindowId): OpenWindow {
    const end = book.endOf(id);
    return book.get(id) ?? book.open(id, end <= watermarks.frontier ? { idle: watermarks.notPassed(end) } : undefined);
  }

  /** Of a pane from an earlier life: its windows that are not final yet are open again, and are shown as they stand. */
  function reopen(pane: PanePartial): void {
    if (hasEvents(pane)) newestPane = Math.max(newestPane, pane.start);
    for (const id of book.windowsOf(pane.start)) if (book.endOf(id) > watermarks.frontier) opened(id);
  }

  /** Nothing more can come for the window, but from partitions that are not in it and that it no longer waits for. */
  function isRetired(id: WindowId): boolean {
    const end = book.endOf(id);
    // What a partition has in rows of its own is not in the main row, and must not open that one again.
    const isIn = (name: string): boolean => live.has(name, id.start, end) && !apart.has(apartKey(id, name));
    return names.every((name) => watermarks.isPast(name, end) || (watermarks.isRetirable(name, end) && !isIn(name)));
  }

  /** Counts a changed pane into its windows; to those that are retired it belongs in rows of the partition's own. */
  function* takeLive(partition: string, pane: PanePartial): Sliced<Aside[]> {
    const before = watermarks.offset(partition);
    // What was told before, or by an owner that has been replaced.
    if (!live.isNews(partition, pane, before)) return [];
    const windows = book.windowsOf(pane.start).map((id) => {
      const own = apartKey(id, partition);
      // Judged before the pane itself is in. A window that is not final yet waits, however far behind the partition is.
      const isApart = apart.has(own) || (!book.has(id) && book.endOf(id) <= watermarks.frontier && isRetired(id));
      if (isApart) apart.add(own);
      return { id, isApart };
    });
    if (hasEvents(pane)) newestPane = Math.max(newestPane, pane.start);
    const keys = yield* live.put(partition, pane, before);
    journal?.changed('live', partition, pane.start, keys);
    for (const { id } of windows.filter(({ isApart }) => !isApart)) {
      const { dirty } = opened(id);
      for (const [grouping, series] of keys.entries()) dirty[grouping]!.add(series);
    }
    return windows.filter(({ isApart }) => isApart).map(({ id }) => ({ id, origin: partition, from: [partition], panes: live, keys }));
  }

  function* takeReplayed(partition: string, pane: PanePartial): Sliced<Aside[]> {
    const keys = yield* replays.put(partition, pane);
    journal?.changed('replayed', partition, pane.start, keys);
    return book.windowsOf(pane.start).map((id) => ({ id, origin: 'replay', from: names, panes: replays, keys }));
  }

  /**
   * Rows beside the main ones: of one partition that came too late for them, or of what was sent in again. Written when all
   * panes are in, a series once: two rows with the same offsets behind them would have the same version.
   */
  function* rowsAside(asides: readonly Aside[]): Sliced<WindowRow[]> {
    const written = new Set<string>();
    const rows: WindowRow[] = [];
    for (const { id, origin, from, panes, keys } of asides) {
      for (const [grouping, list] of keys.entries()) {
        for (const key of list) {
          if (isDue()) yield;
          const name = JSON.stringify([id.window, id.start, origin, grouping, key]);
          if (written.has(name)) continue;
          written.add(name);
          const contributions = rowsOf.contributions(id, grouping, key, from, panes);
          const late = origin === 'replay' ? 0 : totalOf('events', contributions);
          rows.push(writer.row({ ...id, grouping, stage: 'final', contributions, corrections: late, idle: [], origin }));
        }
      }
    }
    return rows;
  }

  /**
   * Of many overlapping windows only those are shown that end with the newest event's first window or before it: the others have
   * hardly begun, and adding all of them up anew at every tick would stall everything else. They are shown when their time comes. So is a
   * window of which only records are known that are no events: shown before its time, it would be taken for the latest, with nothing in it.
   */
  function isShown(entry: OpenWindow): boolean {
    return entry.end <= nextEnd(plan.windows[entry.window]!, newestPane);
  }

  /** First final rows of every window that is final now, each window followed by its `closed` record. */
  function* closeFinal(): Sliced<WindowRecord[]> {
    const closing = book.all().filter((entry) => !entry.closed && entry.end <= watermarks.frontier);
    const rows = new Map<OpenWindow, readonly WindowRow[]>();
    for (const entry of closing) {
      rows.set(entry, yield* rowsOf.close(entry, isRetired(entry)));
      book.changed(entry);
    }
    // One that had nothing yet counts as empty: whether a correction was read before or after makes no difference.
    const filled = closing.filter((entry) => rows.get(entry)!.length > 0);
    return order.advance(filled, watermarks.frontier).flatMap((id): WindowRecord[] => {
      const entry = book.get(id);
      const idle = entry?.idle ?? watermarks.notPassed(book.endOf(id));
      return [...((entry && rows.get(entry)) ?? []), writer.closed(id.window, id.start, idle)];
    });
  }

  /** Late contributions of a partition end when its own watermark is past all that can still be accepted. */
  function endApart(): void {
    for (const key of apart) {
      const [window, start, ...name] = key.split('/');
      if (watermarks.isPast(name.join('/'), book.endOf({ window: Number(window), start: Number(start) }))) apart.delete(key);
    }
  }

  function release(partition: string, paneStart: number): boolean {
    if (book.windowsOf(paneStart).some((id) => book.has(id))) return false;
    live.drop(partition, paneStart);
    journal?.dropped('live', partition, paneStart);
    return true;
  }

  return {
    get frontier() {
      return watermarks.frontier;
    },
    *step(partials, { provisional }) {
      const asides: Aside[] = [];
      for (const { partition, live: panes, replayed, finals } of partials) {
        if (!names.includes(partition)) continue;
        for (const pane of panes) asides.push(...(yield* takeLive(partition, pane)));
        for (const pane of replayed) asides.push(...(yield* takeReplayed(partition, pane)));
        for (const final of finals) {
          // At-final values are of no use to a window that is final already.
          if (book.endOf(final) <= watermarks.frontier) continue;
          yield* book.addFinals(opened(final), partition, final.cells);
        }
      }
      watermarks.advance(partials);
      const records: WindowRecord[][] = [yield* rowsAside(asides), yield* closeFinal()];
      const shown: WindowRow[][] = [];
      for (const entry of book.all()) {
        if (entry.closed) {
          const rows = yield* rowsOf.correct(entry);
          if (rows.length > 0) book.changed(entry);
          records.push(rows);
          if (isRetired(entry)) book.drop(entry);
        } else if (provisional !== 'later') {
          if (provisional && isShown(entry)) {
            shown.push(yield* rowsOf.provisional(entry, !entry.wasShown));
            entry.wasShown = true;
          }
          // Of one that is hidden too: by the time it is shown, what every tick has noted would be more than all its series.
          for (const keys of entry.dirty) keys.clear();
        }
      }
      endApart();
      return { records: records.flat(), provisional: shown.flat() };
    },
    flush(isAsked = () => true) {
      const asked = book.all().filter((entry) => !entry.closed && isAsked(plan.windows[entry.window]!.name, entry.end));
      return asked.flatMap((entry) => atOnce(rowsOf.provisional(entry, true)));
    },
    release,
    expire() {
      for (const [partition, starts] of live.all()) {
        for (const start of starts) {
          if (book.windowsOf(start).every((id) => watermarks.isPast(partition, book.endOf(id)))) release(partition, start);
        }
      }
    },
    progress: (partition) => ({ watermark: watermarks.watermark(partition), offset: watermarks.offset(partition) }),
    isSilent: () => names.every((name) => watermarks.isIdle(name)),
    *counts() {
      const counted: { entry: OpenWindow; rows: number }[] = [];
      for (const entry of book.all()) {
        if (!entry.closed) counted.push({ entry, rows: (yield* live.keysOfAll(names, entry.start, entry.end, 0)).size });
      }
      // As of the last slice: what has closed since the first one is among the results, and its panes may be gone.
      const found = plan.windows.map((_, w) => ({ results: results[w]!, corrections: corrections[w]! }));
      for (const { entry, rows } of counted) if (!entry.closed) found[entry.window]!.results += rows;
      return Object.fromEntries(plan.windows.map(({ name }, w) => [name, found[w]!]));
    },
    *takingStateChanges() {
      const meta: Meta = {
        positions: order.positions(),
        results: [...results],
        corrections: [...corrections],
        watermarks: watermarks.state(),
        apart: [...apart],
      };
      const books = yield* book.takingStateChanges();
      const paneOf = (kind: 'live' | 'replayed', partition: string, start: number) =>
        (kind === 'live' ? live : replays).pane(partition, start);
      return [['meta', meta], ...books, ...(journal ? yield* journal.takingStateChanges(paneOf) : [])];
    },
    restore(entries, restored) {
      for (const [key, value] of entries) {
        if (key === 'meta') {
          const meta = value as Meta;
          watermarks.restore(meta.watermarks);
          order.restore(meta.positions);
          results.splice(0, results.length, ...meta.results);
          corrections.splice(0, corrections.length, ...meta.corrections);
          for (const id of meta.apart) apart.add(id);
        }
      }
      book.restore(entries);
      for (const { partition, live: panes, replayed } of [...restored, ...(journal?.restore(entries) ?? [])]) {
        for (const pane of panes) {
          atOnce(live.put(partition, pane));
          reopen(pane);
        }
        for (const pane of replayed) atOnce(replays.put(partition, pane));
      }
    },
  };
}

/** Or is all of it counts of what became of records? */
function hasEvents({ cells }: PanePartial): boolean {
  return cells.some((list) => (list.at(0)?.events ?? 0) > 0);
}

function apartKey({ window, start }: WindowId, partition: string): string {
  return `${window}/${start}/${partition}`;
}
