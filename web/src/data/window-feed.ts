import { signal, type ReadonlySignal } from '@preact/signals';
import type { PipelineInfo, WindowPoint } from '../../../src/server/api.ts';
import type { Api } from './api.ts';
import { createSeriesBook, labelsKey, type Labels, type SeriesBook } from './series-book.ts';

export type Loading = { readonly state: 'loading' } | { readonly state: 'ready' } | { readonly state: 'failed'; readonly error: Error };

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

export function createWindowFeed(api: Api, info: PipelineInfo, request: WindowFeedRequest): WindowFeed {
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

  const load = async (stop: AbortSignal): Promise<void> => {
    const latest = await api.latest(info.name, window, stop);
    put(latest.points);
    const slideMs = info.windows.find(({ name }) => name === window)?.slide_ms ?? 60_000;
    const newest = latest.points.reduce((most, { window_start }) => (window_start > most ? window_start : most), '');
    if (newest === '') return;
    // Many series: only as far back as the pages reach.
    const series = labels ? 1 : latest.points.length;
    const back = Math.min(windowsBack, Math.floor((PAGE * PAGES_MAX) / Math.max(1, series)));
    let from = new Date(Date.parse(newest) - back * slideMs).toISOString();
    for (let page = 0; page < PAGES_MAX; page++) {
      const { points, truncated } = await api.history(info.name, { window, from, labels, limit: PAGE }, stop);
      put(points);
      const last = points.at(-1)?.window_start;
      // More series in one window than a page holds: another page would begin where this one did.
      if (!truncated || last === undefined || last === from) return;
      from = last;
    }
  };

  const tell = async (run: typeof load, stop: AbortSignal): Promise<void> => {
    const result = await run(stop).then(
      (): Loading => ({ state: 'ready' }),
      (error: Error): Loading => ({ state: 'failed', error }),
    );
    if (!stop.aborted) loading.value = result;
  };

  return {
    window,
    book,
    revision,
    loading,
    put,
    load: () => {
      aborter.abort();
      aborter = new AbortController();
      void tell(load, aborter.signal);
    },
    close: () => aborter.abort(),
  };
}
