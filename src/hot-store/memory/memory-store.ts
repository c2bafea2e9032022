/** The hot store within the process. By event time alone, never by the clock: the same puts leave the same content. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createLabelsIndex, type LabelsIndex } from '../../core/labels-index.ts';
import { labelsKey, type Labels } from '../../core/labels.ts';
import type { WindowRow } from '../../windows/row.ts';
import { DEFAULT_MAX_SERIES, historyLookup } from '../history-lookup.ts';
import type { HotStore, HotStoreConfig } from '../hot-store.ts';

interface Entry {
  readonly start: number;
  readonly row: WindowRow;
}

interface Series {
  readonly key: string;
  latest: WindowRow;
  /** Of the latest row. */
  start: number;
  /** How long final rows are kept, ms; undefined: they are not. */
  readonly keepMs: number | undefined;
  /** Final rows by start, ascending. */
  readonly history: Entry[];
}

interface WindowSeries {
  readonly series: Map<string, Series>;
  /** The same by labels as they were put: the same thousands come with each commit, and a key for each would be made to be thrown away. */
  index: LabelsIndex<Series>;
  /** Start of the newest final row: what the age of others is counted from. */
  newestFinal: number;
  /** `newestFinal` when all series were last swept. */
  sweptAt: number;
}

/** Rows put before requests have their turn. */
const PUT_AT_ONCE = 1_024;

export function createMemoryHotStore(config: HotStoreConfig): HotStore {
  const maxSeries = config.maxSeries ?? DEFAULT_MAX_SERIES;
  /** By pipeline, then window. */
  const pipelines = new Map<string, Map<string, WindowSeries>>();
  const filled = new Set<string>();
  let seriesCount = 0;

  const windowAt = (pipeline: string, window: string): WindowSeries | undefined => pipelines.get(pipeline)?.get(window);
  const lookup = historyLookup(config);
  const historyOf = (row: WindowRow): number | undefined => lookup(row.pipeline, row.window, row.labels);

  /** Rows of a window come one after the other. */
  let last = { text: '', start: NaN };

  function startOf(row: WindowRow): number {
    if (row.window_start !== last.text) last = { text: row.window_start, start: Date.parse(row.window_start) };
    return last.start;
  }

  function windowOf({ pipeline, window }: WindowRow): WindowSeries {
    let windows = pipelines.get(pipeline);
    if (!windows) pipelines.set(pipeline, (windows = new Map()));
    let found = windows.get(window);
    if (!found) {
      windows.set(window, (found = { series: new Map(), index: createLabelsIndex(), newestFinal: -Infinity, sweptAt: -Infinity }));
    }
    return found;
  }

  function seriesIn(window: WindowSeries, labels: Labels): Series | undefined {
    return window.index.get(labels) ?? window.series.get(labelsKey(labels));
  }

  function putRow(row: WindowRow): void {
    if (row.origin !== '') return;
    const window = windowOf(row);
    const start = startOf(row);
    let series = window.index.get(row.labels);
    if (!series) {
      const key = labelsKey(row.labels);
      series = window.series.get(key);
      if (!series) {
        window.series.set(key, (series = { key, latest: row, start, keepMs: historyOf(row), history: [] }));
        seriesCount++;
      }
      window.index.set(row.labels, series);
    }
    if (start > series.start || (start === series.start && isNewer(row, series.latest))) {
      series.latest = row;
      series.start = start;
    }
    const { keepMs } = series;
    if (row.final) {
      window.newestFinal = Math.max(window.newestFinal, start);
      if (keepMs !== undefined) insert(series.history, { start, row }, window.newestFinal - keepMs);
    }
    if (keepMs !== undefined && window.newestFinal - window.sweptAt > keepMs / 10) sweep(window);
    if (seriesCount > maxSeries) forgetOldest();
  }

  /** Series that went silent lose what has grown too old as well. */
  function sweep(window: WindowSeries): void {
    window.sweptAt = window.newestFinal;
    for (const { keepMs, history } of window.series.values()) {
      if (keepMs !== undefined) history.splice(0, firstFrom(history, window.newestFinal - keepMs));
    }
  }

  function forgetOldest(): void {
    const all = [...pipelines].flatMap(([pipeline, windows]) =>
      [...windows].flatMap(([name, window]) => {
        const at = JSON.stringify([pipeline, name]);
        return [...window.series.values()].map((each) => ({ at, window, each }));
      }),
    );
    const rank = ({ at, each }: { at: string; each: Series }): string => at + each.key;
    all.sort((a, b) => a.each.start - b.each.start || (rank(a) < rank(b) ? -1 : 1));
    for (const { window, each } of all.slice(0, seriesCount - maxSeries + Math.floor(maxSeries / 10))) {
      window.series.delete(each.key);
      window.index = createLabelsIndex();
      seriesCount--;
    }
  }

  return {
    async put(rows) {
      let sinceTurn = 0;
      for (const row of rows) {
        if (++sinceTurn % PUT_AT_ONCE === 0) await nextTurn();
        putRow(row);
      }
    },
    latest: async (pipeline, name, labels) => {
      const window = windowAt(pipeline, name);
      return window && seriesIn(window, labels)?.latest;
    },
    all: async (pipeline, window) => {
      const series = [...(windowAt(pipeline, window)?.series.values() ?? [])];
      return series.sort((a, b) => (a.key < b.key ? -1 : 1)).map(({ latest }) => latest);
    },
    range: async (pipeline, name, labels, from, to) => {
      const window = windowAt(pipeline, name);
      const series = window && seriesIn(window, labels);
      if (!series) return [];
      const { history, latest, start, keepMs = 0 } = series;
      const oldest = window.newestFinal - keepMs;
      const kept = history.slice(firstFrom(history, Math.max(from, oldest)), firstFrom(history, to)).map(({ row }) => row);
      // The latest row is the newer of the two where both have its start: a later revision's provisional one, for instance.
      if (start >= from && start < to) {
        if (kept.at(-1)?.window_start === latest.window_start) kept.pop();
        kept.push(latest);
      }
      return kept;
    },
    markFilled: async (pipeline) => void filled.add(pipeline),
    isFilled: async (pipeline) => filled.has(pipeline),
    close: async () => pipelines.clear(),
  };
}

/** Keeps the order by start and the highest version of each; drops what starts before `oldest`. */
function insert(history: Entry[], entry: Entry, oldest: number): void {
  const at = firstFrom(history, entry.start);
  const same = history[at];
  if (same?.start !== entry.start) history.splice(at, 0, entry);
  else if (isNewer(entry.row, same.row)) history[at] = entry;
  history.splice(0, firstFrom(history, oldest));
}

/** Index of the first entry with start >= `start`. */
function firstFrom(history: readonly Entry[], start: number): number {
  let low = 0;
  let high = history.length;
  if (high > 0 && history[high - 1]!.start < start) return high;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (history[middle]!.start < start) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** By their versions as numbers, which are written without leading zeros: the longer one is the higher. */
function isNewer({ version }: WindowRow, { version: than }: WindowRow): boolean {
  return version.length === than.length ? version > than : version.length > than.length;
}
