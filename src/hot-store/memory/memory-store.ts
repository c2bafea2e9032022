/** The hot store within the process. By event time alone, never by the clock: the same puts leave the same content. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { labelsKey } from '../../core/labels.ts';
import type { WindowRow } from '../../windows/row.ts';
import { DEFAULT_MAX_SERIES, historyLookup } from '../history-lookup.ts';
import type { HotStore, HotStoreConfig } from '../hot-store.ts';

interface Entry {
  readonly start: number;
  readonly row: WindowRow;
}

interface Series {
  readonly key: string;
  latest: Entry;
  /** Final rows by start, ascending; stays empty where no history is kept. */
  readonly history: Entry[];
}

interface WindowSeries {
  readonly series: Map<string, Series>;
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

  const seriesOf = (pipeline: string, window: string): WindowSeries | undefined => pipelines.get(pipeline)?.get(window);
  const lookup = historyLookup(config);
  const historyOf = (row: WindowRow): number | undefined => lookup(row.pipeline, row.window, row.labels);

  function putRow(row: WindowRow): void {
    if (row.origin !== '') return;
    let windows = pipelines.get(row.pipeline);
    if (!windows) pipelines.set(row.pipeline, (windows = new Map()));
    let window = windows.get(row.window);
    if (!window) windows.set(row.window, (window = { series: new Map(), newestFinal: -Infinity, sweptAt: -Infinity }));
    const entry: Entry = { start: Date.parse(row.window_start), row };
    const key = labelsKey(row.labels);
    const keepMs = historyOf(row);
    let series = window.series.get(key);
    if (!series) {
      window.series.set(key, (series = { key, latest: entry, history: [] }));
      seriesCount++;
    } else if (entry.start > series.latest.start || (entry.start === series.latest.start && isNewer(row, series.latest.row))) {
      series.latest = entry;
    }
    if (row.final) {
      window.newestFinal = Math.max(window.newestFinal, entry.start);
      if (keepMs !== undefined) insert(series.history, entry, window.newestFinal - keepMs);
    }
    if (keepMs !== undefined && window.newestFinal - window.sweptAt > keepMs / 10) sweep(window);
    if (seriesCount > maxSeries) forgetOldest();
  }

  /** Series that went silent lose what has grown too old as well. */
  function sweep(window: WindowSeries): void {
    window.sweptAt = window.newestFinal;
    for (const { latest, history } of window.series.values()) {
      const keepMs = historyOf(latest.row);
      if (keepMs !== undefined) history.splice(0, firstFrom(history, window.newestFinal - keepMs));
    }
  }

  function forgetOldest(): void {
    const all = [...pipelines].flatMap(([pipeline, windows]) =>
      [...windows].flatMap(([window, { series }]) => {
        const at = JSON.stringify([pipeline, window]);
        return [...series.values()].map((each) => ({ at, series, each }));
      }),
    );
    const rank = ({ at, each }: { at: string; each: Series }): string => at + each.key;
    all.sort((a, b) => a.each.latest.start - b.each.latest.start || (rank(a) < rank(b) ? -1 : 1));
    for (const { series, each } of all.slice(0, seriesCount - maxSeries + Math.floor(maxSeries / 10))) {
      series.delete(each.key);
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
    latest: async (pipeline, window, labels) => seriesOf(pipeline, window)?.series.get(labelsKey(labels))?.latest.row,
    all: async (pipeline, window) => {
      const series = [...(seriesOf(pipeline, window)?.series.values() ?? [])];
      return series.sort((a, b) => (a.key < b.key ? -1 : 1)).map(({ latest }) => latest.row);
    },
    range: async (pipeline, window, labels, from, to) => {
      const at = seriesOf(pipeline, window);
      const series = at?.series.get(labelsKey(labels));
      if (!at || !series) return [];
      const oldest = at.newestFinal - (historyOf(series.latest.row) ?? 0);
      const { history, latest } = series;
      const kept = history.slice(firstFrom(history, Math.max(from, oldest)), firstFrom(history, to));
      // The latest row is the newer of the two where both have its start: a later revision's provisional one, for instance.
      if (latest.start >= from && latest.start < to) {
        if (kept.at(-1)?.start === latest.start) kept.pop();
        kept.push(latest);
      }
      return kept.map(({ row }) => row);
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

function isNewer(a: WindowRow, b: WindowRow): boolean {
  return BigInt(a.version) > BigInt(b.version);
}
