import { useEffect, useMemo, useState } from 'preact/hooks';
import { isWhole } from '../data/alert-groups.ts';
import { episodesOf, type Episode } from '../data/alert-book.ts';
import type { PipelineFeed } from '../data/pipeline-feed.ts';
import { segmentName } from '../data/segments.ts';
import { labelsKey, type Labels } from '../data/series-book.ts';
import { isAdditive, isDrawn } from '../data/thin-windows.ts';
import { formatValue } from '../format/number.ts';
import { formatClock, formatNear } from '../format/time.ts';
import { AlertCard } from './alert-card.tsx';
import { spanAbout } from './alert-span.ts';
import { Chart } from './chart.tsx';
import { bandsOf, chartColumns } from './chart-data.ts';
import { useDashboard } from './context.ts';
import { WindowChoice } from './controls.tsx';
import { chosenOf } from './overview.tsx';
import { BackLink, Empty, Failed, Loading, Panel, PastNote } from './parts.tsx';
import { WindowTable } from './window-table.tsx';

const WINDOWS_BACK = 120;

interface Props {
  readonly feed: PipelineFeed;
  readonly labels: Labels;
  /** The alert that one came for: it stands first. */
  readonly linked?: Episode;
}

export function SegmentPage({ feed, labels, linked }: Props) {
  const { t, route } = useDashboard();
  const { info } = feed;
  const { window, measure } = chosenOf(info, {
    measure: linked?.measure ?? route.value.measure,
    window: route.value.window ?? linked?.window,
  });
  const name = segmentName(labels, info.dimensions) || t('segment.total');
  const others = episodesOf(feed.alerts.value, labels).filter(({ alert_id }) => alert_id !== linked?.alert_id);
  const episodes = linked ? [linked, ...others] : others;
  // An alert may be about a partition of the log: that has no windows of its own.
  const hasWindows = !linked || Object.keys(labels).every((dimension) => info.dimensions.includes(dimension));
  const title = t(hasWindows ? 'segment.alerts' : 'alerts.title');
  return (
    <div class={`segment-page${linked ? ' has-linked' : ''}`}>
      <header class="segment-head">
        <BackLink />
        <h1>{name}</h1>
        {window && hasWindows && <WindowChoice info={info} window={window.name} />}
      </header>
      <div class="columns">
        {hasWindows && (
          <div class="main-column">
            {window && (
              <SegmentWindows
                key={`${info.name}/${window.name}/${labelsKey(labels)}`}
                feed={feed}
                labels={labels}
                window={window.name}
                first={measure?.name}
                linked={linked?.window === window.name ? linked : undefined}
              />
            )}
          </div>
        )}
        <aside class="alerts" aria-label={title}>
          <h2>{title}</h2>
          {!feed.alertsKnown.value && !linked && <Loading />}
          {feed.alertsKnown.value && episodes.length === 0 && (
            <Empty title={t(isWhole(feed.alerts.value, feed.told.value?.firing) ? 'segment.no_alerts' : 'segment.alerts_beyond')} />
          )}
          {episodes.map((episode, index) => (
            <AlertCard key={episode.alert_id} feed={feed} episode={episode} open={index === 0} isHere isLinked={episode === linked} />
          ))}
        </aside>
      </div>
    </div>
  );
}

interface WindowsProps {
  readonly feed: PipelineFeed;
  readonly labels: Labels;
  readonly window: string;
  /** The measure that one came for stands first. */
  readonly first: string | undefined;
  readonly linked: Episode | undefined;
}

function SegmentWindows({ feed, labels, window, first, linked }: WindowsProps) {
  const { t, language, now } = useDashboard();
  const { info } = feed;
  const { size_ms: sizeMs = 0, slide_ms: slideMs = 0 } = info.windows.find(({ name }) => name === window) ?? {};
  const [isNow, setNow] = useState(false);
  // Of the moment at which one came: it does not move on under the eyes.
  const then = useMemo(() => linked && spanAbout(linked, { slideMs, windowsBack: WINDOWS_BACK, nowMs: now.peek() }), [linked?.alert_id]);
  const span = isNow ? undefined : then;
  const windows = useMemo(
    () => feed.watch({ window, labels, windowsBack: WINDOWS_BACK, span }),
    [feed, window, labelsKey(labels), span?.from],
  );
  useEffect(() => windows.close, [windows]);
  const revision = windows.revision.value;
  const loading = windows.loading.value;
  const points = windows.book.get(labels)?.points ?? [];
  const measures = [...info.measures].sort((a, b) => Number(b.name === first) - Number(a.name === first));
  const known = episodesOf(feed.alerts.value, labels);
  // The feed has the newest alone.
  const episodes = linked && !known.some(({ alert_id }) => alert_id === linked.alert_id) ? [linked, ...known] : known;
  // What still fires is shaded to the right edge, wherever that moves to.
  const last = Date.parse(points.at(-1)?.window_end ?? '') || 0;
  const until = span ? last : Math.max(now.value, last);
  const charts = useMemo(
    () =>
      measures.map((measure) => ({
        measure,
        data: chartColumns(points, measure.name, slideMs, isDrawn(points, measure.kind)),
        bands: bandsOf(episodes, measure.name, window, until),
      })),
    [revision, feed.alerts.value, linked, first, window, span?.from],
  );

  if (points.length === 0 && loading.state === 'failed') return <Failed error={loading.error} retry={windows.load} />;
  if (points.length === 0 && loading.state === 'loading') return <Loading />;
  if (points.length === 0 && !span) return <Empty title={t('segment.missing')} />;
  const begins = (x: number): string => (span ? formatNear(x, now.value, language.value) : formatClock(x, language.value));
  const moment = (x: number): string => `${begins(x)} – ${formatClock(x + sizeMs, language.value)}`;
  return (
    <>
      {then && (
        <p class="note is-then">
          {t(isNow ? 'segment.now' : 'segment.then')}{' '}
          <button type="button" class="button" onClick={() => setNow(!isNow)}>
            {t(isNow ? 'segment.show_then' : 'segment.show_now')}
          </button>
        </p>
      )}
      <PastNote loading={loading} isShort={points.length < 3} />
      {points.length === 0 && <Empty title={t('segment.gone')} />}
      <div class="charts">
        {charts.map(({ measure, data, bands }, index) => (
          <div key={measure.name} class={index === 0 ? 'panel chart-panel is-first' : 'panel chart-panel'}>
            <Chart
              title={measure.name}
              data={data}
              bands={bands}
              format={(value) => formatValue(value, measure, language.value)}
              expected={({ expected, isLimit }) =>
                t(isLimit ? 'segment.limit' : 'segment.expected', { value: formatValue(expected, measure, language.value) })
              }
              fromZero={isAdditive(measure.kind)}
              spanLeastMs={slideMs * 6}
              height={index === 0 ? 260 : 150}
              moment={moment}
            />
          </div>
        ))}
      </div>
      <Panel title={t('segment.windows')}>
        <WindowTable points={points} measures={info.measures} />
      </Panel>
    </>
  );
}
