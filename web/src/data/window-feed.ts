import { signal, type ReadonlySignal } from '@preact/signals';
import type { PipelineInfo, WindowPoint } from '../../../src/server/api.ts';
import type { Clock } from '../clock.ts';
import type { Api } from './api.ts';
import { RECENT_WINDOWS } from './segments.ts';
import { createSeriesBook, labelsKey, type Labels, type SeriesBook } from './series-book.ts';

/**
 * `loading`: the past is on its way; what the stream brings meanwhile is in the book already. `olderMissing`: the beginning of it cannot
 * be had right now, it is asked for again.
 */
export type Loading =
  | { readonly state: 'loading' }
  | { readonly state: 'ready'; readonly olderMissing?: true }
  | { readonly state: 'failed'; readonly error: Error };

/** The windows of one size, kept up to date: loaded once, then fed by the stream. */
export interface WindowFeed {
  readonly window: string;
  readonly book: SeriesBook;
  /** Grows whenever the book has changed: read it to be told. */
  readonly revision: ReadonlySignal<number>;
  readonly loading: ReadonlySignal<Loading>;
  put(points: readonly WindowPoint[]): void;
  load(): void;
  close(): void;
}

export interface WindowFeedRequest {
  readonly window: string;
  /** Only the series with exactly these labels; undefined: all. */
  readonly labels: Labels | undefined;
  /** How many windows back. */
  readonly windowsBack: number;
  /** Instead: the windows that start in [from, to), ISO 8601, as they are. */
  readonly span?: { readonly from: string; readonly to: string } | undefined;
}

const READY: Loading = { state: 'ready' };
const PAGE = 5_000;
const PAGES_MAX = 8;
/** Some 0.5 kB each. `pointsLeast`: the windows that a change is measured against, the final one and the open one. */
const LIMITS = { seriesMax: 20_000, pointsInAll: 150_000, pointsLeast: RECENT_WINDOWS + 2 };
/** A server that has just started says that it still fills its memory: asked again after so long. */
const FILLING_MS = 1_000;
/** A load that failed or came short is tried again after so long: else the lines would begin only where the stream did. */
const RETRY_MS = 5_000;

export function createWindowFeed(
  info: PipelineInfo,
  request: WindowFeedRequest,
  { api, clock }: { readonly api: Api; readonly clock: Clock },
): WindowFeed {
  const { window, labels, windowsBack, span } = request;
  const key = labels && labelsKey(labels);
  const book = createSeriesBook({ ...LIMITS, pointsMax: span ? PAGE : windowsBack });
  const isAsked = (start: string): boolean => !span || (start >= span.from && start < span.to);
  const revision = signal(0);
  const loading = signal<Loading>({ state: 'loading' });
  let aborter = new AbortController();

  const put = (points: readonly WindowPoint[]): void => {
    const ours = points.filter(
      (point) => point.window === window && isAsked(point.window_start) && (key === undefined || labelsKey(point.labels) === key),
    );
    if (ours.length > 0 && book.put(ours)) revision.value++;
  };

  const load = async (stop: AbortSignal): Promise<Loading> => {
    if (span) return (await loadFrom(span.from, undefined, stop)) ? { state: 'ready', olderMissing: true } : READY;
    let latest = await api.latest(info.name, window, stop);
    put(latest.points);
    // Its newest window may be any then: from where the past is to be loaded is not known before it is full.
    while (latest.filling === true) {
      await pause(FILLING_MS, stop);
      if (stop.aborted) return READY;
      latest = await api.latest(info.name, window, stop);
      put(latest.points);
    }
    const slideMs = info.windows.find(({ name }) => name === window)?.slide_ms ?? 60_000;
    const newest = latest.points.reduce((most, { window_start }) => (window_start > most ? window_start : most), '');
    if (newest === '') return READY;
    const series = labels ? 1 : latest.points.length;
    const startOf = (back: number): string => new Date(Date.parse(newest) - back * slideMs).toISOString();
    // Many series: all of them only as far back as the pages reach; then each roll-up by itself, which has fewer, as far as they reach for it.
    const reachOf = (count: number): number => Math.min(windowsBack, Math.floor((PAGE * PAGES_MAX) / Math.max(1, count)));
    const back = reachOf(series);
    let isShort = back > 0 && (await loadFrom(startOf(back), undefined, stop));
    for (const grouping of back < windowsBack ? info.rollups : []) {
      const names = grouping.toSorted().join();
      const reach = reachOf(latest.points.filter((point) => Object.keys(point.labels).sort().join() === names).length);
      if (reach > back) isShort = (await loadFrom(startOf(reach), grouping, stop)) || isShort;
    }
    return isShort ? { state: 'ready', olderMissing: true } : READY;
  };

  /** True: the beginning of it cannot be had right now. */
  const loadFrom = async (from: string, grouping: readonly string[] | undefined, stop: AbortSignal): Promise<boolean> => {
    let isShort = false;
    let after: string | undefined;
    for (let page = 0; page < PAGES_MAX; page++) {
      const answer = await api.history(info.name, { window, from, to: span?.to, after, labels, grouping, limit: PAGE }, stop);
      put(answer.points);
      isShort ||= answer.older_missing === true;
      after = answer.next;
      if (after === undefined) break;
    }
    return isShort;
  };

  const pause = (ms: number, stop: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      const forget = clock.after(ms, resolve);
      stop.addEventListener(
        'abort',
        () => {
          forget();
          resolve();
        },
        { once: true },
      );
    });

  const start = async (): Promise<void> => {
    aborter.abort();
    aborter = new AbortController();
    const stop = aborter.signal;
    const result = await load(stop).catch((error: Error): Loading => ({ state: 'failed', error }));
    if (stop.aborted) return;
    loading.value = result;
    if (result.state === 'ready' && !result.olderMissing) return;
    await pause(RETRY_MS, stop);
    if (!stop.aborted) void start();
  };

  return {
    window,
    book,
    revision,
    loading,
    put,
    load: () => {
      loading.value = { state: 'loading' };
      void start();
    },
    close: () => aborter.abort(),
  };
}
