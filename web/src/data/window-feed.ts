import { signal, type ReadonlySignal } from '@preact/signals';
import type { PipelineInfo, WindowPoint } from '../../../src/server/api.ts';
import type { Clock } from '../clock.ts';
import type { Api } from './api.ts';
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
}

const PAGE = 5_000;
const PAGES_MAX = 8;
const SERIES_MAX = 5_000;
/** A server that has just started says that it still fills its memory: asked again after so long. */
const FILLING_MS = 1_000;
/** A load that failed or came short is tried again after so long: else the lines would begin only where the stream did. */
const RETRY_MS = 5_000;

export function createWindowFeed(
  info: PipelineInfo,
  request: WindowFeedRequest,
  { api, clock }: { readonly api: Api; readonly clock: Clock },
): WindowFeed {
  const { window, labels, windowsBack } = request;
  const key = labels && labelsKey(labels);
  const book = createSeriesBook({ pointsMax: windowsBack, seriesMax: SERIES_MAX });
  const revision = signal(0);
  const loading = signal<Loading>({ state: 'loading' });
  let aborter = new AbortController();

  const put = (points: readonly WindowPoint[]): void => {
    const ours = points.filter((point) => point.window === window && (key === undefined || labelsKey(point.labels) === key));
    if (ours.length > 0 && book.put(ours)) revision.value++;
  };

  const load = async (stop: AbortSignal): Promise<Loading> => {
    let whole: Loading = { state: 'ready' };
    let latest = await api.latest(info.name, window, stop);
    put(latest.points);
    // Its newest window may be any then: from where the past is to be loaded is not known before it is full.
    while (latest.filling === true) {
      await pause(FILLING_MS, stop);
      if (stop.aborted) return whole;
      latest = await api.latest(info.name, window, stop);
      put(latest.points);
    }
    const slideMs = info.windows.find(({ name }) => name === window)?.slide_ms ?? 60_000;
    const newest = latest.points.reduce((most, { window_start }) => (window_start > most ? window_start : most), '');
    if (newest === '') return whole;
    // Many series: only as far back as the pages reach.
    const series = labels ? 1 : latest.points.length;
    const back = Math.min(windowsBack, Math.floor((PAGE * PAGES_MAX) / Math.max(1, series)));
    let from = new Date(Date.parse(newest) - back * slideMs).toISOString();
    for (let page = 0; page < PAGES_MAX; page++) {
      const { points, truncated, older_missing: isShort } = await api.history(info.name, { window, from, labels, limit: PAGE }, stop);
      put(points);
      if (isShort) whole = { state: 'ready', olderMissing: true };
      const last = points.at(-1)?.window_start;
      // More series in one window than a page holds: another page would begin where this one did.
      if (!truncated || last === undefined || last === from) break;
      from = last;
    }
    return whole;
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
