import { useEffect, useMemo, useState } from 'preact/hooks';
import type { MeasureInfo, PipelineInfo } from '../../../src/server/api.ts';
import type { PipelineFeed } from '../data/pipeline-feed.ts';
import { firingBySeries } from '../data/alert-book.ts';
import { hasDimensions, matches, createSegmentList, RECENT_WINDOWS, sortSegments, type Segment } from '../data/segments.ts';
import { silenceOf } from '../data/silences.ts';
import { formatCount } from '../format/number.ts';
import { AlertsPanel } from './alerts-panel.tsx';
import { useDashboard } from './context.ts';
import { Controls } from './controls.tsx';
import { MeasureTiles } from './measure-tiles.tsx';
import { Empty, Failed, Loading, PastNote } from './parts.tsx';
import { SegmentCard } from './segment-card.tsx';

export const WINDOWS_BACK = 48;
/** So many cards at first: a page of thousands helps nobody and stalls the browser. */
const CARDS_FIRST = 120;

/** The measure and window that the address names, else those that are watched (a ratio before a count), else the first of the file. */
export function chosenOf(info: PipelineInfo, route: { measure: string | undefined; window: string | undefined }) {
  const watched = info.measures.filter(({ name }) => info.watched.some((each) => each.measure === name));
  // A ratio says how good things are, a count mostly what time of the day it is.
  const usual = watched.find(({ kind }) => kind === 'ratio') ?? watched[0] ?? info.measures[0];
  const seen = info.watched.find(({ measure }) => measure === usual?.name)?.window;
  return {
    measure: info.measures.find(({ name }) => name === route.measure) ?? usual,
    window: info.windows.find(({ name }) => name === (route.window ?? seen)) ?? info.windows[0],
  };
}

export function Overview({ feed }: { feed: PipelineFeed }) {
  const { t, route } = useDashboard();
  const { measure, window } = chosenOf(feed.info, route.value);
  if (!measure || !window) return <Empty title={t('state.no_data')} />;
  return (
    <div class="columns">
      <div class="main-column">
        <Segments key={`${feed.info.name}/${window.name}`} feed={feed} measure={measure} window={window.name} />
      </div>
      <AlertsPanel feed={feed} />
    </div>
  );
}

function Segments({ feed, measure, window }: { feed: PipelineFeed; measure: MeasureInfo; window: string }) {
  const { t, route, go, language } = useDashboard();
  const { info } = feed;
  const count = (value: number): string => formatCount(value, language.value);
  const windows = useMemo(() => feed.watch({ window, labels: undefined, windowsBack: WINDOWS_BACK }), [feed, window]);
  useEffect(() => windows.close, [windows]);
  const toSegments = useMemo(() => createSegmentList(measure, info.dimensions), [measure, info]);
  const [more, setMore] = useState(0);

  // Read so that this is drawn again with every change of the book.
  const empty = windows.revision.value === 0;
  const loading = windows.loading.value;
  if (empty && loading.state === 'failed') return <Failed error={loading.error} retry={windows.load} />;
  if (empty && loading.state === 'loading') return <Loading />;
  if (empty) return <Empty title={t('state.no_data')} hint={t('state.no_data_hint', { window })} />;

  const series = windows.book.all();
  const few = series.every(({ points }) => points.length < 3);
  const firing = firingBySeries(feed.alerts.value);
  const ringing = firingBySeries(feed.alerts.value.filter((episode) => episode.measure === measure.name));
  const loud = firingBySeries(feed.alerts.value.filter((episode) => !silenceOf(episode, feed.silences.value)));
  const all = toSegments(series, firing);
  const full = all.filter(({ labels }) => hasDimensions(labels, info.dimensions));
  const text = route.value.filter ?? '';
  const matching = text === '' ? all : all.filter((segment) => matches(segment, text));
  const sorted = sortSegments(
    matching.filter(({ labels }) => hasDimensions(labels, info.dimensions)),
    route.value.sort ?? 'alert',
  );
  const shown = sorted.slice(0, CARDS_FIRST + more);
  const rollups = info.rollups
    .filter((dimensions) => dimensions.length > 0)
    .map((dimensions) => ({
      dimensions,
      segments: matching.filter(({ labels }) => hasDimensions(labels, dimensions)),
    }))
    .filter(({ segments }) => segments.length > 0);
  const card = (segment: Segment, small: boolean) => (
    <SegmentCard
      key={segment.key}
      segment={segment}
      measure={measure}
      rings={ringing.get(segment.key)}
      silenced={firing.has(segment.key) && !loud.has(segment.key)}
      small={small}
    />
  );

  return (
    <>
      <MeasureTiles feed={feed} total={windows.book.get({})} measure={measure.name} />
      <Controls info={info} window={window} />
      <PastNote loading={loading} isShort={few} />
      {rollups.map(({ dimensions, segments }) => (
        <section key={dimensions.join()} class="rollup" aria-label={t('overview.by', { dimension: dimensions.join(' × ') })}>
          <h2>{t('overview.by', { dimension: dimensions.join(' × ') })}</h2>
          <div class="rollup-cards">{segments.slice(0, CARDS_FIRST).map((segment) => card(segment, true))}</div>
        </section>
      ))}
      <section class="segments" aria-label={t('overview.segments')}>
        <h2>
          {t('overview.segments')} <small>{t('overview.shown', { shown: count(shown.length), all: count(full.length) })}</small>
        </h2>
        <div class="cards" data-testid="segments">
          {shown.map((segment) => card(segment, false))}
        </div>
        {sorted.length === 0 && text !== '' && (
          <div class="state is-empty">
            <strong>{t('overview.no_match', { text })}</strong>
            <button type="button" class="button" onClick={() => go({ filter: undefined }, { replace: true })}>
              {t('overview.clear')}
            </button>
          </div>
        )}
        {sorted.length > shown.length && (
          <button type="button" class="button" onClick={() => setMore(more + CARDS_FIRST)}>
            {t('overview.more', { count: Math.min(CARDS_FIRST, sorted.length - shown.length) })}
          </button>
        )}
        {windows.book.left() > 0 && <p class="note">{t('overview.not_kept', { count: count(all.length) })}</p>}
        <p class="note">{t('overview.legend', { count: RECENT_WINDOWS })}</p>
      </section>
    </>
  );
}
