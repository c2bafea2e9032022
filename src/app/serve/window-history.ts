/**
 * Rows of windows for a chart or a table: from the hot store where it has all of them, else from the log, and what that keeps no more from
 * the OLAP store; from the OLAP store and the log while the hot store is away.
 */
import type { Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import { labelsKey, type Labels } from '../../core/labels.ts';
import type { HotHistory, HotStore } from '../../hot-store/hot-store.ts';
import type { WindowHistory, WindowPoint } from '../../server/api.ts';
import type { HistoryQuery } from '../../server/surface.ts';
import { cursorAfter } from '../../server/window-cursor.ts';
import { mergeRows } from '../../windows/row-merge.ts';
import { revisionOf } from '../../windows/row-version.ts';
import type { WindowRow } from '../../windows/row.ts';
import type { EngineSpec } from '../../windows/spec.ts';
import { byWindow, pageOf, type FoundWindows } from './history-page.ts';
import type { HotFill } from './hot-fill.ts';
import type { OlapSide } from './olap-side.ts';
import type { WindowIndex } from './window-index.ts';

export interface HistoryDeps {
  readonly hotStore: HotStore;
  readonly hotFill: Pick<HotFill, 'soon'>;
  readonly index: WindowIndex;
  readonly olap: Pick<OlapSide, 'state' | 'store' | 'started'>;
  readonly clock: Pick<Clock, 'now'>;
}

export interface HistoryConfig {
  readonly spec: EngineSpec;
  /** What the hot store keeps of this pipeline, an entry a window. */
  readonly hotHistory: readonly HotHistory[];
}

/** Rows looked through for one request. */
const ROWS_MAX = 100_000;
const USUAL_SPAN_MS = 3_600_000;
const USUAL_WINDOWS = 60;
/** An answer waits so long for an OLAP store that is starting, where it has what the log keeps no more. */
const OLAP_WAIT_MS = 2_000;

export type ReadHistory = (query: HistoryQuery) => Promise<WindowHistory>;

/**
 * The function throws AppError `usage` where more rows match than can be looked through, and `hot_store_unavailable` where the hot store
 * and the OLAP store are away and no beginning was named that the log could be read from.
 */
export function createWindowHistory({ spec, hotHistory }: HistoryConfig, deps: HistoryDeps): ReadHistory {
  const { hotStore, index } = deps;
  const { pipeline, measures } = spec;

  return async (asked) => {
    const { window, labels, after } = asked;
    const query = after === undefined ? asked : { ...asked, from: Math.max(asked.from ?? -Infinity, after.start) };
    const wasFilled = await deps.hotFill.soon();
    const hot = await Promise.all([hotStore.all(pipeline, window), hotStore.isFilled(pipeline)]).catch((error: unknown) => {
      if (error instanceof AppError && error.retryable && (deps.olap.store() || query.from !== undefined)) return error;
      throw error;
    });
    const found = hot instanceof AppError ? undefined : hot;
    const { slideMs } = spec.windows.find(({ name }) => name === window)!;
    const usualMs = Math.max(USUAL_SPAN_MS, USUAL_WINDOWS * slideMs);
    const to = query.to ?? Infinity;
    // Where no window is known at all, all that there was may be in the OLAP store alone.
    const reach = query.from ?? (found?.[0].length === 0 ? -Infinity : to - usualMs);
    const isBeyondLog = reach < (await index.wholeFrom());
    if (isBeyondLog) await deps.olap.started(OLAP_WAIT_MS);
    const older = deps.olap.store();
    // It was there a moment ago.
    if (hot instanceof AppError && !older && query.from === undefined) throw hot;
    const current = found?.[0];
    // One that came up empty since is being filled again.
    const isFilled = wasFilled && found?.[1] === true;
    const last = current ?? (query.from === undefined ? await older!.latest({ pipeline, window }, (rows) => rows) : []);
    const known = last.reduce((most, row) => Math.max(most, Date.parse(row.window_start)), -Infinity);
    // A hot store that is not filled yet may know none of the newest, and one whose rows grew too old knows none at all.
    const isKnown = !current || (isFilled && known > -Infinity);
    const newest = isKnown ? known : Math.max(known, await index.newest(window));
    const from = query.from ?? Math.min(newest, to) - usualMs;
    const matches = matcher(query);
    const kept = keptMs(query);
    const whole = older && current ? await index.wholeFrom() : older ? Infinity : -Infinity;
    // The hot store has main rows alone: a span in which dead letters were replayed is added up below. What the log keeps no more may hold such too.
    const isWhole = async (): Promise<boolean> => from >= whole && !(await index.hasOtherOrigins(window, from, to));
    if (current && isFilled && kept !== undefined && known > -Infinity && from > newest - kept && (await isWhole())) {
      return answer(byWindow(await hotStore.range(pipeline, window, labels, from, to)), 'hot', query);
    }

    const rows = createCollection(matches);
    // Also of those that are not asked for: they tell of a window that was computed anew.
    const inSpan = (current ?? []).filter((row) => isWithin(row, from, to));
    for (const row of inSpan) rows.note(row);
    const needsOlder = older !== undefined && from < whole;
    if (needsOlder) {
      const before = { pipeline, window, ...(from > -Infinity && { from }), to: Math.min(to, whole, Number.MAX_SAFE_INTEGER) };
      // Origins stay apart here: they are added up together with those that the log has.
      for await (const row of older.windows(before, (page) => page)) rows.add(row);
    }
    await index.read(window, from, to, (record) => {
      if (record.kind === 'row') rows.add(record);
      return true;
    });
    const stored = byWindow(rows.all());
    const open = byWindow(inSpan.filter((row) => matches(row.labels) && rows.isInForce(row)));
    const rowsOf = (start: string): readonly WindowRow[] => {
      const final = mergeRows(stored.rowsOf(start), measures);
      const made = new Set(final.map(keyOf));
      return [...final, ...open.rowsOf(start).filter((row) => !made.has(keyOf(row)))];
    };
    const windows = { starts: new Set([...stored.starts, ...open.starts]), rowsOf };
    const answered = answer(windows, needsOlder ? 'olap' : 'log', query);
    const isShort = !older && isBeyondLog && (deps.olap.state() === 'starting' || deps.olap.state() === 'away');
    return isShort ? { ...answered, older_missing: true } : answered;
  };

  /** How far back the hot store has all of what is asked for, ms; undefined: it has not. */
  function keptMs({ window, labels, grouping }: HistoryQuery): number | undefined {
    const kept = hotHistory.find((one) => one.window === window);
    const names = Object.keys(labels).sort().join();
    const isServed = kept?.groupings?.some((dimensions) => dimensions.toSorted().join() === names) === true;
    // Fewer than all dimensions name one series only where the grouping says so.
    const isOne = names === spec.dimensions.toSorted().join() || grouping?.toSorted().join() === names;
    return isServed && isOne && (grouping === undefined || grouping.toSorted().join() === names) ? kept.keepMs : undefined;
  }

  function answer(found: FoundWindows, source: WindowHistory['source'], { window, from, after, limit }: HistoryQuery): WindowHistory {
    // Asked from an instant on: the first ones, to go on behind them. Else the newest.
    const newest = from === undefined && after === undefined;
    const page = pageOf(found, { newest, after, limit });
    const points = page.rows.map(pointOf);
    const last = points.at(-1);
    return {
      pipeline,
      window,
      source,
      age: ageOf(points, deps.clock),
      points,
      truncated: page.truncated,
      ...(page.truncated && !newest && last && { next: cursorAfter(last) }),
    };
  }
}

export function pointOf(row: WindowRow): WindowPoint {
  const { window, window_start, window_end, labels, measures, final, events, corrections, version } = row;
  return { window, window_start, window_end, labels, measures, final, events, corrections, version };
}

/** ms since the end of the newest of them; 0 while it is open, null where there is none. */
export function ageOf(rows: readonly { readonly window_end: string }[], clock: Pick<Clock, 'now'>): number | null {
  const newest = rows.reduce((most, { window_end }) => Math.max(most, Date.parse(window_end)), -Infinity);
  return newest === -Infinity ? null : Math.max(0, clock.now() - newest);
}

/** Of each row the highest version. A window that was computed anew consists of its newest revision alone, whichever rows of that match. */
function createCollection(matches: (labels: Labels) => boolean) {
  const newest = new Map<string, WindowRow>();
  /** By start of the window. */
  const revisions = new Map<string, number>();
  const note = ({ window_start, version }: WindowRow): void => {
    revisions.set(window_start, Math.max(revisions.get(window_start) ?? 0, revisionOf(version)));
  };
  const isInForce = ({ window_start, version }: WindowRow): boolean => revisionOf(version) === revisions.get(window_start);
  return {
    note,
    isInForce,
    add(row: WindowRow) {
      note(row);
      if (!matches(row.labels)) return;
      const key = `${keyOf(row)}${row.origin}`;
      const known = newest.get(key);
      if (known && BigInt(known.version) > BigInt(row.version)) return;
      newest.set(key, row);
      if (newest.size <= ROWS_MAX) return;
      throw new AppError(
        'usage',
        `more than ${ROWS_MAX} rows lie in this span; ask for less with from, to, grouping or a dimension's value`,
      );
    },
    all: () => [...newest.values()].filter(isInForce),
  };
}

function matcher({ labels, grouping }: HistoryQuery): (labels: Labels) => boolean {
  const wanted = Object.entries(labels);
  const names = grouping?.toSorted().join();
  return (found) =>
    wanted.every(([name, value]) => found[name] === value) && (names === undefined || Object.keys(found).sort().join() === names);
}

function isWithin({ window_start }: WindowRow, from: number, to: number): boolean {
  const at = Date.parse(window_start);
  return at >= from && at < to;
}

function keyOf({ window_start, labels }: WindowRow): string {
  return `${window_start}${labelsKey(labels)}`;
}
