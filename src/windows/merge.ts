/**
 * From the partials of all input partitions to rows: first final rows, corrections, provisional rows and rows of other
 * origins. Final rows depend on the partitions' records alone, not on how the partials interleave, unless they name an
 * idle partition.
 */
import type { Cell } from './cells.ts';
import { createLivePanes, seriesKey, type SeriesKey } from './live-panes.ts';
import type { PanePartial } from './panes.ts';
import type { Partials } from './partials.ts';
import { inputPartitions, windowStarts, type Plan } from './plan.ts';
import { createRowWriter, type RowParts } from './row-writer.ts';
import type { WindowRecord, WindowRow } from './row.ts';
import { closingOrder, type ClosingPosition } from './closing-order.ts';

export interface Merge {
  /**
   * Takes in partials and yields what follows, in the order for `p.windows`; `provisional` rows of open windows apart,
   * where wanted: they are shown, not stored.
   */
  step(partials: readonly Partials[], options: { provisional: boolean }): { records: WindowRecord[]; provisional: WindowRow[] };
  /** All open windows as they stand, `final: false`. Moves nothing. */
  flush(): WindowRow[];
  /** Forgets a pane of a partition, unless a window that is not retired needs it: then false. */
  release(partition: string, paneStart: number): boolean;
  /** Per window name, without roll-ups: rows there are (open windows included) and events that came after the first final row. */
  counts(): Record<string, { results: number; corrections: number }>;
  /** Windows that end up to here are final, epoch ms. */
  readonly frontier: number;
  /** What changed since the last call; null: gone. Values are structured-cloneable. */
  takeStateChanges(): [key: string, value: unknown][];
  /** State of an earlier life, with all panes of all partitions, and the replayed ones. */
  restore(entries: readonly (readonly [key: string, value: unknown])[], panes: readonly RestoredPanes[]): void;
}

export interface RestoredPanes {
  readonly partition: string;
  readonly live: readonly PanePartial[];
  readonly replayed: readonly PanePartial[];
}

/** A window that can still change. */
interface OpenWindow {
  readonly window: number;
  readonly start: number;
  readonly end: number;
  closed: boolean;
  idle: readonly string[];
  /** At-final values by partition, until the window is closed. Per grouping. */
  readonly finals: Map<string, readonly (readonly Cell[])[]>;
  /** Per grouping: events in the first final row and in the latest one. */
  readonly given: Map<SeriesKey, { atFinal: number; latest: number }>[];
  readonly dirty: Set<SeriesKey>[];
}

interface Meta {
  frontier: number;
  positions: ClosingPosition[];
  results: number[];
  corrections: number[];
  watermarks: [partition: string, watermark: number][];
  /** `window/start/partition`: late contributions to retired windows stand in rows of their own. */
  apart: string[];
}

export function createMerge(plan: Plan, revision: number): Merge {
  const partitions = inputPartitions(plan.spec).map(({ name, source }) => ({
    name,
    latenessMs: source.event.allowedLatenessMs,
    watermark: -Infinity,
    idle: false,
  }));
  const live = createLivePanes(plan);
  const replays = createLivePanes(plan);
  const writer = createRowWriter(plan, revision);
  const open = new Map<string, OpenWindow>();
  const changed = new Set<string>();
  const apart = new Set<string>();
  const order = closingOrder(plan.windows);
  const results = plan.windows.map(() => 0);
  const corrections = plan.windows.map(() => 0);
  let frontier = -Infinity;

  const idOf = (window: number, start: number): string => `${window}/${start}`;
  const endOf = (window: number, start: number): number => start + plan.windows[window]!.sizeMs;

  function windowsOf(paneStart: number): { window: number; start: number }[] {
    return plan.windows.flatMap((spec, window) => windowStarts(spec, paneStart).map((start) => ({ window, start })));
  }

  /** Nothing more can come for the window, but from partitions that are not in it and that it no longer waits for. */
  function isRetired(window: number, start: number): boolean {
    const end = endOf(window, start);
    const latest = Math.max(...partitions.map((partition) => partition.watermark));
    return partitions.every(
      ({ name, watermark, latenessMs }) =>
        watermark >= end + latenessMs || (latest >= end + latenessMs + plan.spec.limits.retireAfterMs && !live.has(name, start, end)),
    );
  }

  function openWindow(window: number, start: number): OpenWindow {
    const id = idOf(window, start);
    let entry = open.get(id);
    if (!entry) {
      entry = {
        window,
        start,
        end: endOf(window, start),
        // What comes for a window that was final without any event is a correction.
        closed: endOf(window, start) <= frontier,
        idle: [],
        finals: new Map(),
        given: plan.groupings.map(() => new Map()),
        dirty: plan.groupings.map(() => new Set()),
      };
      open.set(id, entry);
    }
    return entry;
  }

  /** Counts a changed pane into its windows; rows of the partition's own where they are retired. */
  function takeLive(partition: string, pane: PanePartial): WindowRow[] {
    const windows = windowsOf(pane.start).map(({ window, start }) => {
      const id = `${idOf(window, start)}/${partition}`;
      // Judged before the pane itself is in.
      const isApart = apart.has(id) || (!open.has(idOf(window, start)) && isRetired(window, start));
      if (isApart) apart.add(id);
      return { window, start, isApart };
    });
    const keys = live.put(partition, pane);
    const rows: WindowRow[] = [];
    for (const { window, start, isApart } of windows) {
      if (isApart) rows.push(...rowsApart(window, start, keys, partition, [partition], live));
      else {
        const { dirty } = openWindow(window, start);
        keys.forEach((list, grouping) => list.forEach((key) => dirty[grouping]!.add(key)));
      }
    }
    return rows;
  }

  function takeReplayed(partition: string, pane: PanePartial): WindowRow[] {
    const keys = replays.put(partition, pane);
    const names = partitions.map(({ name }) => name);
    return windowsOf(pane.start).flatMap(({ window, start }) => rowsApart(window, start, keys, 'replay', names, replays));
  }

  function rowsApart(
    window: number,
    start: number,
    keys: readonly SeriesKey[][],
    origin: string,
    names: readonly string[],
    panes: typeof live,
  ): WindowRow[] {
    return keys.flatMap((list, grouping) =>
      list.map((key) => {
        const contributions = contributionsOf(names, window, start, grouping, key, panes);
        const events = contributions.reduce((sum, { cell }) => sum + cell.events, 0);
        return writer.row({
          window,
          start,
          grouping,
          stage: 'final',
          contributions,
          corrections: origin === 'replay' ? 0 : events,
          idle: [],
          origin,
        });
      }),
    );
  }

  function contributionsOf(names: readonly string[], window: number, start: number, grouping: number, key: SeriesKey, panes = live) {
    const end = endOf(window, start);
    return names.flatMap((partition) => {
      const cell = panes.cell(partition, start, end, grouping, key);
      return cell ? [{ partition, cell }] : [];
    });
  }

  function liveRow(entry: OpenWindow, grouping: number, key: SeriesKey, parts: Pick<RowParts, 'stage' | 'corrections'>): WindowRow {
    const { window, start, idle } = entry;
    const names = partitions.map(({ name }) => name);
    return writer.row({
      window,
      start,
      grouping,
      ...parts,
      contributions: contributionsOf(names, window, start, grouping, key),
      idle,
      origin: '',
    });
  }

  /** First final rows: at-final values of the partitions that have passed the end, what the idle ones have. */
  function close(entry: OpenWindow): WindowRow[] {
    const { window, start, end } = entry;
    const waitedFor = partitions.filter(({ watermark }) => watermark < end).map(({ name }) => name);
    entry.closed = true;
    entry.idle = waitedFor;
    const rows: WindowRow[] = [];
    for (let grouping = 0; grouping < plan.groupings.length; grouping++) {
      const bySeries = new Map<SeriesKey, { partition: string; cell: Cell }[]>();
      for (const { name } of partitions) {
        const cells = waitedFor.includes(name)
          ? [...live.keys(name, start, end, grouping)].map((key) => live.cell(name, start, end, grouping, key)!)
          : (entry.finals.get(name)?.[grouping] ?? []);
        for (const cell of cells) {
          const key = seriesKey(cell);
          bySeries.set(key, [...(bySeries.get(key) ?? []), { partition: name, cell }]);
        }
        // Whatever differs from the at-final values by now is a correction.
        for (const key of live.keys(name, start, end, grouping)) entry.dirty[grouping]!.add(key);
      }
      for (const key of [...bySeries.keys()].sort()) {
        const row = writer.row({
          window,
          start,
          grouping,
          stage: 'final',
          contributions: bySeries.get(key)!,
          corrections: 0,
          idle: entry.idle,
          origin: '',
        });
        entry.given[grouping]!.set(key, { atFinal: row.events, latest: row.events });
        if (grouping === 0) results[window]!++;
        rows.push(row);
      }
    }
    entry.finals.clear();
    return rows;
  }

  function correct(entry: OpenWindow): WindowRow[] {
    const rows: WindowRow[] = [];
    entry.dirty.forEach((keys, grouping) => {
      for (const key of [...keys].sort()) {
        const given = entry.given[grouping]!.get(key);
        const events = contributionsOf(
          partitions.map(({ name }) => name),
          entry.window,
          entry.start,
          grouping,
          key,
        ).reduce((sum, { cell }) => sum + cell.events, 0);
        if (events === given?.latest) continue;
        const atFinal = given?.atFinal ?? 0;
        rows.push(liveRow(entry, grouping, key, { stage: 'final', corrections: events - atFinal }));
        entry.given[grouping]!.set(key, { atFinal, latest: events });
        if (grouping === 0) {
          corrections[entry.window]! += events - (given?.latest ?? 0);
          if (!given) results[entry.window]!++;
        }
      }
      keys.clear();
    });
    return rows;
  }

  function provisionalRows(entry: OpenWindow, everything: boolean): WindowRow[] {
    return plan.groupings.flatMap((_, grouping) => {
      const keys = everything
        ? new Set(partitions.flatMap(({ name }) => [...live.keys(name, entry.start, entry.end, grouping)]))
        : entry.dirty[grouping]!;
      return [...keys].sort().map((key) => liveRow(entry, grouping, key, { stage: 'provisional', corrections: 0 }));
    });
  }

  function advanceFrontier(): void {
    const awake = partitions.filter(({ idle }) => !idle).map(({ watermark }) => watermark);
    frontier = Math.max(frontier, awake.length > 0 ? Math.min(...awake) : Math.max(...partitions.map(({ watermark }) => watermark)));
  }

  function byEnd(entries: Iterable<OpenWindow>): OpenWindow[] {
    return [...entries].sort((a, b) => a.end - b.end || a.window - b.window);
  }

  return {
    get frontier() {
      return frontier;
    },
    step(partials, { provisional }) {
      const records: WindowRecord[] = [];
      for (const { partition, live: panes, replayed, finals } of partials) {
        for (const pane of panes) records.push(...takeLive(partition, pane));
        for (const pane of replayed) records.push(...takeReplayed(partition, pane));
        for (const final of finals) {
          const entry = openWindow(final.window, final.start);
          if (!entry.closed) entry.finals.set(partition, final.cells);
          changed.add(idOf(final.window, final.start));
        }
      }
      for (const { partition, progress } of partials) {
        const known = partitions.find(({ name }) => name === partition)!;
        known.watermark = Math.max(known.watermark, progress.watermark);
        known.idle = progress.idle;
      }
      advanceFrontier();
      const closing = [...open.values()].filter((entry) => !entry.closed && entry.end <= frontier);
      for (const { window, start } of order.advance(closing, frontier)) {
        const entry = open.get(idOf(window, start));
        if (entry) records.push(...close(entry));
        records.push(
          writer.closed(
            window,
            start,
            entry?.idle ?? partitions.filter(({ watermark }) => watermark < endOf(window, start)).map(({ name }) => name),
          ),
        );
        if (entry) changed.add(idOf(window, start));
      }
      const shown: WindowRow[] = [];
      for (const entry of byEnd(open.values())) {
        if (entry.closed) {
          const rows = correct(entry);
          if (rows.length > 0) changed.add(idOf(entry.window, entry.start));
          records.push(...rows);
          if (isRetired(entry.window, entry.start)) {
            open.delete(idOf(entry.window, entry.start));
            changed.add(idOf(entry.window, entry.start));
          }
        } else {
          if (provisional) shown.push(...provisionalRows(entry, false));
          for (const keys of entry.dirty) keys.clear();
        }
      }
      for (const id of apart) {
        const [window, start, ...name] = id.split('/');
        const partition = partitions.find((candidate) => candidate.name === name.join('/'))!;
        if (partition.watermark >= endOf(Number(window), Number(start)) + partition.latenessMs) apart.delete(id);
      }
      return { records, provisional: shown };
    },
    flush: () => byEnd(open.values()).flatMap((entry) => (entry.closed ? [] : provisionalRows(entry, true))),
    release(partition, paneStart) {
      if (windowsOf(paneStart).some(({ window, start }) => open.has(idOf(window, start)))) return false;
      live.drop(partition, paneStart);
      return true;
    },
    counts() {
      const unfinished = plan.windows.map(() => 0);
      for (const { closed, window, start, end } of open.values()) {
        if (!closed) unfinished[window]! += new Set(partitions.flatMap(({ name }) => [...live.keys(name, start, end, 0)])).size;
      }
      return Object.fromEntries(
        plan.windows.map(({ name }, w) => [name, { results: results[w]! + unfinished[w]!, corrections: corrections[w]! }]),
      );
    },
    takeStateChanges() {
      const meta: Meta = {
        frontier,
        positions: order.positions(),
        results: [...results],
        corrections: [...corrections],
        watermarks: partitions.map(({ name, watermark }) => [name, watermark]),
        apart: [...apart],
      };
      const changes: [string, unknown][] = [['meta', meta]];
      for (const id of changed) {
        const entry = open.get(id);
        changes.push([`window/${id}`, entry ? { ...entry, dirty: undefined } : null]);
      }
      changed.clear();
      return changes;
    },
    restore(entries, restored) {
      for (const [key, value] of entries) {
        if (key === 'meta') {
          const meta = value as Meta;
          frontier = meta.frontier;
          order.restore(meta.positions);
          results.splice(0, results.length, ...meta.results);
          corrections.splice(0, corrections.length, ...meta.corrections);
          for (const [name, watermark] of meta.watermarks) {
            const known = partitions.find((partition) => partition.name === name);
            if (known) known.watermark = watermark;
          }
          for (const id of meta.apart) apart.add(id);
        } else {
          const entry = value as Omit<OpenWindow, 'dirty'>;
          open.set(idOf(entry.window, entry.start), { ...entry, dirty: plan.groupings.map(() => new Set<SeriesKey>()) });
        }
      }
      for (const { partition, live: panes, replayed } of restored) {
        for (const pane of panes) live.put(partition, pane);
        for (const pane of replayed) replays.put(partition, pane);
      }
      // Open windows without at-final values have no entry of their own: they follow from the panes.
      for (const [, starts] of live.all()) {
        for (const { window, start } of starts.flatMap(windowsOf)) {
          if (!open.has(idOf(window, start)) && endOf(window, start) > frontier && !isRetired(window, start)) openWindow(window, start);
        }
      }
    },
  };
}
