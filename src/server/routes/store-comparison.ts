/** How long the two stores take for the same segment. */
import { sleep, type Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import type { Labels } from '../../core/labels.ts';
import type { WindowRow } from '../../windows/row.ts';
import type { ServedPath, Sourced } from '../surface.ts';

export interface StoreComparison {
  /** Null while it is away. */
  readonly hot_store: { readonly response_time_ms: number } | null;
  /** Null where there is none, or it does not answer. */
  readonly olap_store: { readonly response_time_ms: number } | null;
  readonly comparison: { readonly hot_store_faster_by: string | null };
  readonly runs: number;
}

const RUNS = 5;
/** One read of the hot store is shorter than the clock can tell. */
const HOT_READS_PER_RUN = 100;
/** The OLAP store has final windows only: one of the last few is asked for. */
const WINDOWS_BACK = 3;
/** One that has not answered so often by then counts as one that does not answer, ms. */
const PATIENCE_MS = 10_000;

/** `latest`: of the segment. */
export async function compareStores(
  served: ServedPath,
  window: string,
  labels: Labels,
  { source, rows: row }: Sourced<WindowRow>,
  { clock, patienceMs = PATIENCE_MS }: { readonly clock: Clock; readonly patienceMs?: number },
): Promise<StoreComparison> {
  const size = Date.parse(row.window_end) - Date.parse(row.window_start);
  const span = { from: Date.parse(row.window_start) - WINDOWS_BACK * size, to: Date.parse(row.window_end) };
  const hot: number[] = [];

  async function olapTimes(signal: AbortSignal): Promise<number[]> {
    const times: number[] = [];
    try {
      // The first answer opens the connection, and is not measured.
      const isThere = (await served.fromOlapStore(window, labels, span, signal)) !== undefined;
      for (let run = 0; run < (isThere ? RUNS : 0) && !signal.aborted; run++) {
        const startedAt = clock.elapsed();
        await served.fromOlapStore(window, labels, span, signal);
        times.push(clock.elapsed() - startedAt);
      }
      return times;
    } catch (error) {
      if (signal.aborted || (error instanceof AppError && error.code.startsWith('olap_'))) return [];
      throw error;
    }
  }

  const [late, done] = [new AbortController(), new AbortController()];
  const tooLate = sleep(patienceMs, done.signal).then((): number[] => (late.abort(), []));
  const olap = await Promise.race([olapTimes(late.signal), tooLate]).finally(() => done.abort());
  // Only what the hot store itself answers is its time.
  for (let run = 0; run < (source === 'hot' ? RUNS : 0); run++) {
    const startedAt = clock.elapsed();
    for (let read = 0; read < HOT_READS_PER_RUN; read++) await served.latest(window, labels);
    hot.push((clock.elapsed() - startedAt) / HOT_READS_PER_RUN);
  }
  const hotMs = hot.length === 0 ? undefined : median(hot);
  const olapMs = olap.length === 0 ? undefined : median(olap);
  return {
    hot_store: hotMs === undefined ? null : { response_time_ms: digits(hotMs) },
    olap_store: olapMs === undefined ? null : { response_time_ms: digits(olapMs) },
    comparison: {
      hot_store_faster_by: olapMs === undefined || hotMs === undefined ? null : `${(olapMs / Math.max(hotMs, 1e-6)).toFixed(1)}x`,
    },
    runs: RUNS,
  };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

function digits(ms: number): number {
  return Number(ms.toPrecision(4));
}
