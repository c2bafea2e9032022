/** Rows of one window: the first final ones, corrections, provisional ones; each grouping in the order of its series. Made in slices. */
import { createPace, sorted, type Sliced } from '../../core/slices.ts';
import type { Cell, SeriesKey } from '../cells.ts';
import { finalCells } from './final-cells.ts';
import type { LivePanes } from './live-panes.ts';
import type { Plan } from '../plan.ts';
import type { RowParts, RowWriter } from './row-writer.ts';
import type { WindowRow } from '../row.ts';
import { areTwins, bySeries, keysOf } from './series-cells.ts';
import type { Watermarks } from './watermarks.ts';
import type { OpenWindow, WindowId } from './window-book.ts';

export interface WindowRows {
  /**
   * First final rows: at-final values of the partitions that have passed the end, what the idle ones have. `isOver`: nothing more can come
   * for the window, so that nobody will ask what was given out.
   */
  close(entry: OpenWindow, isOver: boolean): Sliced<WindowRow[]>;
  /** Of a closed window what has changed since; counts what came too late for its first final rows. */
  correct(entry: OpenWindow): Sliced<WindowRow[]>;
  /** As it stands: what changed, or everything. */
  provisional(entry: OpenWindow, everything: boolean): Sliced<WindowRow[]>;
  /** What the partitions named, all unless told, have of a series. */
  contributions(id: WindowId, grouping: number, key: SeriesKey, from?: readonly string[], panes?: LivePanes): RowParts['contributions'];
}

export interface WindowRowsDeps {
  readonly watermarks: Pick<Watermarks, 'names' | 'notPassed'>;
  readonly live: LivePanes;
  readonly writer: RowWriter;
  /** Per window of the plan, without roll-ups: rows of closed windows, and events that came after the first final row. */
  readonly results: number[];
  readonly corrections: number[];
}

export function createWindowRows(plan: Plan, { watermarks, live, writer, results, corrections }: WindowRowsDeps): WindowRows {
  const { names } = watermarks;
  const isDue = createPace();

  function contributions(
    { window, start }: WindowId,
    grouping: number,
    key: SeriesKey,
    from: readonly string[] = names,
    panes: LivePanes = live,
  ): RowParts['contributions'] {
    const end = start + plan.windows[window]!.sizeMs;
    const found: { partition: string; cell: Cell }[] = [];
    for (const partition of from) {
      const cell = panes.cell(partition, start, end, grouping, key);
      if (cell) found.push({ partition, cell });
    }
    return found;
  }

  function liveRow(entry: OpenWindow, grouping: number, key: SeriesKey, parts: Pick<RowParts, 'stage' | 'corrections'>): WindowRow {
    const { window, start, idle } = entry;
    return writer.row({ window, start, grouping, ...parts, contributions: contributions(entry, grouping, key), idle, origin: '' });
  }

  /** Series of which some partition has other values by now than those it ended the window with: the row has those. */
  function* changedSince({ start, end, finals }: OpenWindow, grouping: number, idle: readonly string[]): Sliced<Set<SeriesKey>> {
    const changed = new Set<SeriesKey>();
    for (const name of names) {
      if (idle.includes(name)) continue;
      const ended = finals.get(name)?.[grouping];
      const only = start + plan.paneMs === end ? live.pane(name, start)?.[grouping] : undefined;
      if (only && ended && areTwins(only, ended)) continue;
      for (const key of only ? keysOf(only) : live.keys(name, start, end, grouping)) {
        const cell = ended && bySeries(ended).get(key);
        // With the same last record behind them there is no correction: what became of records makes none.
        if (cell === undefined || live.cell(name, start, end, grouping, key)!.offsets !== cell.offsets) changed.add(key);
        if (isDue()) yield;
      }
    }
    return changed;
  }

  return {
    contributions,
    *close(entry, isOver) {
      const { window, start } = entry;
      const idle = watermarks.notPassed(entry.end);
      let full = 0;
      const rows: WindowRow[] = [];
      for (let grouping = 0; grouping < plan.groupings.length; grouping++) {
        const finals = yield* finalCells(entry, grouping, { names, idle, live });
        // Whatever differs from the at-final values by now is a correction.
        const dirty = entry.dirty[grouping]!;
        dirty.clear();
        const changed = yield* changedSince(entry, grouping, idle);
        dirty.add(changed);
        const isAsked = !isOver || changed.size > 0;
        for (const key of yield* sorted(finals.keys())) {
          const of = finals.get(key)!;
          const row = writer.row({ window, start, grouping, stage: 'final', contributions: of, corrections: 0, idle, origin: '' });
          if (isAsked) entry.given[grouping]!.set(key, { atFinal: row.events, latest: row.events, offsets: totalOf('offsets', of) });
          rows.push(row);
          if (isDue()) yield;
        }
        if (grouping === 0) full = rows.length;
      }
      // Together: whoever counts in between counts the window as open.
      results[window]! += full;
      entry.closed = true;
      entry.idle = idle;
      entry.finals.clear();
      return rows;
    },
    *correct(entry) {
      const rows: WindowRow[] = [];
      for (const [grouping, dirty] of entry.dirty.entries()) {
        for (const key of yield* sorted(yield* dirty.all())) {
          if (isDue()) yield;
          const given = entry.given[grouping]!.get(key);
          const of = contributions(entry, grouping, key);
          const [events, offsets] = [totalOf('events', of), totalOf('offsets', of)];
          // Counts of outcomes change without an event.
          if (events === given?.latest && offsets === (given.offsets ?? offsets)) continue;
          const atFinal = given?.atFinal ?? 0;
          rows.push(liveRow(entry, grouping, key, { stage: 'final', corrections: events - atFinal }));
          entry.given[grouping]!.set(key, { atFinal, latest: events, offsets });
          if (grouping === 0) {
            corrections[entry.window]! += events - (given?.latest ?? 0);
            if (!given) results[entry.window]!++;
          }
        }
        dirty.clear();
      }
      return rows;
    },
    *provisional(entry, everything) {
      const { start, end, dirty } = entry;
      const rows: WindowRow[] = [];
      for (let grouping = 0; grouping < plan.groupings.length; grouping++) {
        const keys = everything ? yield* live.keysOfAll(names, start, end, grouping) : yield* dirty[grouping]!.all();
        for (const key of yield* sorted(keys)) {
          rows.push(liveRow(entry, grouping, key, { stage: 'provisional', corrections: 0 }));
          if (isDue()) yield;
        }
      }
      return rows;
    },
  };
}

export function totalOf(what: 'events' | 'offsets', contributions: readonly { readonly cell: Cell }[]): number {
  return contributions.reduce((sum, { cell }) => sum + cell[what], 0);
}
