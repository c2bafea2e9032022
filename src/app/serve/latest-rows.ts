/** The latest row of a segment: from the hot store, else from the OLAP store; from both while the hot store fills after it came up empty. */
import { sleep } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import { labelsKey, type Labels } from '../../core/labels.ts';
import type { HotStore } from '../../hot-store/hot-store.ts';
import type { Sourced } from '../../server/surface.ts';
import { mergeRows } from '../../windows/row-merge.ts';
import type { WindowRow } from '../../windows/row.ts';
import type { EngineSpec } from '../../windows/spec.ts';
import type { HotFill } from './hot-fill.ts';
import type { OlapSide } from './olap-side.ts';

export interface LatestRows {
  /**
   * @throws AppError `hot_store_unavailable` where neither store answers, and where the hot store, not filled yet, has no such segment and there
   * is no OLAP store; `olap_unavailable` where the hot store has no such segment and the OLAP store, which may have it, is still starting,
   * away, or has too much to do
   */
  one(window: string, labels: Labels): Promise<Sourced<WindowRow | undefined>>;
  /** Of every series, ordered by labels. @throws AppError `hot_store_unavailable` where neither store answers */
  all(window: string): Promise<Sourced<WindowRow[]>>;
}

interface Deps {
  readonly hotStore: Pick<HotStore, 'latest' | 'all' | 'isFilled'>;
  readonly hotFill: Pick<HotFill, 'soon'>;
  readonly olap: Pick<OlapSide, 'state' | 'store' | 'started'>;
}

/** A start of the embedded engine takes seconds: an answer that only the OLAP store has waits for it so long, ms. */
const START_WAIT_MS = 2_000;
/** Questions that the OLAP store is asked at a time: whoever asks for segments that are not there is not to keep it busy. */
const ASKED_MAX = 4;
/** One that hangs is not waited for longer, ms. */
const WAIT_MAX_MS = 5_000;

export function latestRows(
  { pipeline, measures }: Pick<EngineSpec, 'pipeline' | 'measures'>,
  { hotStore, hotFill, olap }: Deps,
): LatestRows {
  /** The same question is asked once for all who ask it at the same time. */
  const asked = new Map<string, Promise<WindowRow[]>>();

  /** Undefined where the store is not there or has too much to do. */
  function fromOlap(window: string, labels: Labels | undefined): Promise<WindowRow[]> | undefined {
    const key = JSON.stringify([window, labels && labelsKey(labels)]);
    const asking = asked.get(key);
    if (asking) return asking;
    const store = olap.store();
    if (!store || asked.size >= ASKED_MAX) return undefined;
    const answer = inTime(store.latest({ pipeline, window, ...(labels && { labels }) }, (rows) => mergeRows(rows, measures)))
      .then((rows) => rows.toSorted((a, b) => (labelsKey(a.labels) < labelsKey(b.labels) ? -1 : 1)))
      .finally(() => asked.delete(key));
    asked.set(key, answer);
    return answer;
  }

  /** In the place of a hot store that failed so. */
  async function instead(failure: unknown, window: string, labels?: Labels): Promise<WindowRow[]> {
    if (!(failure instanceof AppError && failure.retryable)) throw failure;
    const reason = await fromOlap(window, labels)?.then(
      (rows) => rows,
      (error: unknown) => (error instanceof AppError ? error.message : String(error)),
    );
    if (Array.isArray(reason)) return reason;
    const olapText = reason ?? 'The OLAP store is not there either, or has too much to do.';
    throw new AppError('hot_store_unavailable', `${failure.message} ${olapText}`, { retryable: true, cause: failure });
  }

  return {
    async one(window, labels) {
      const waiting = hotFill.soon();
      if (waiting !== true) await waiting;
      let row: WindowRow | undefined;
      let isFilled: boolean;
      try {
        // Together: Redis answers both in one round trip.
        [row, isFilled] = await Promise.all([hotStore.latest(pipeline, window, labels), hotStore.isFilled(pipeline)]);
      } catch (error) {
        return { source: 'olap', rows: (await instead(error, window, labels))[0] };
      }
      if (row && isFilled) return { source: 'hot', rows: row };
      // Not seen for longer than the hot store keeps, or not filled in yet. Where there is none in the hot store, and there is an OLAP store
      // that does not answer, whether there is one is not known.
      if (!row) await olap.started(START_WAIT_MS);
      const state = olap.state();
      if (!row && (state === 'starting' || state === 'away')) throw notKnown(state === 'away' ? 'is away' : 'is still starting');
      if (!row && !isFilled && (state === 'none' || state === 'missing')) throw notFilled();
      const asking = fromOlap(window, labels);
      if (!row && !asking && state === 'ready') throw notKnown('has too much to do');
      const stored = (
        await asking?.catch((error: unknown) => {
          if (row) return undefined;
          throw error instanceof AppError ? notKnown('did not answer', error) : error;
        })
      )?.[0];
      return stored && isNewer(stored, row) ? { source: 'olap', rows: stored } : { source: 'hot', rows: row };
    },
    async all(window) {
      await hotFill.soon();
      let rows: WindowRow[];
      let isFilled: boolean;
      try {
        [rows, isFilled] = await Promise.all([hotStore.all(pipeline, window), hotStore.isFilled(pipeline)]);
      } catch (error) {
        return { source: 'olap', rows: await instead(error, window) };
      }
      // After 26 h without a window it keeps none, filled or not.
      const stored = isFilled && rows.length > 0 ? undefined : await fromOlap(window, undefined)?.catch(() => undefined);
      if (!stored) return { source: 'hot', rows };
      const newest = new Map(rows.map((row) => [labelsKey(row.labels), row]));
      const better = stored.filter((row) => isNewer(row, newest.get(labelsKey(row.labels))));
      for (const row of better) newest.set(labelsKey(row.labels), row);
      const inOrder = [...newest].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
      return { source: better.length > 0 ? 'olap' : 'hot', rows: inOrder };
    },
  };
}

function notFilled(): AppError {
  const what = 'the hot store has no such segment, and is not filled from the log yet; ask again in some seconds';
  return new AppError('hot_store_unavailable', what, { retryable: true });
}

/** Not to be told that there is no such segment. */
function notKnown(why: string, cause?: AppError): AppError {
  const what = `the hot store has no such segment, and the OLAP store, which may have it, ${why}; ask again in some seconds`;
  return new AppError('olap_unavailable', cause ? `${what}. ${cause.message}` : what, { retryable: true, cause });
}

function isNewer(row: WindowRow, than: WindowRow | undefined): boolean {
  if (!than) return true;
  if (row.window_start !== than.window_start) return row.window_start > than.window_start;
  return BigInt(row.version) > BigInt(than.version);
}

async function inTime<T>(answer: Promise<T>): Promise<T> {
  const done = new AbortController();
  const late = sleep(WAIT_MAX_MS, done.signal).then((): never => {
    throw new AppError('olap_unavailable', `The OLAP store has not answered within ${WAIT_MAX_MS / 1_000} s.`, { retryable: true });
  });
  // Where the answer came first nobody waits for this any more.
  late.catch(() => {});
  try {
    return await Promise.race([answer, late]);
  } finally {
    done.abort();
  }
}
