import { useEffect, useMemo } from 'preact/hooks';
import type { PipelineFeed } from '../data/pipeline-feed.ts';
import { endOf, topicSizes } from '../data/topic-sizes.ts';
import { formatBytes, formatCount, formatValue } from '../format/number.ts';
import { formatClock, formatNear, formatSpan } from '../format/time.ts';
import { Chart } from './chart.tsx';
import { useDashboard } from './context.ts';
import { Empty, Failed, Loading, Panel, PastNote } from './parts.tsx';
import { usePolled } from './polled.ts';
import { spanUnits } from './span-units.ts';

export function SystemPage({ feed }: { feed: PipelineFeed }) {
  return (
    <div class="system-page">
      <Throughput feed={feed} />
      <AcceptedByWindow feed={feed} />
      <div class="system-column">
        <Partitions feed={feed} />
        <Stages feed={feed} />
      </div>
      <Topics feed={feed} />
    </div>
  );
}

/** `data`: epoch ms, and how many; `moment`: the text of a time. */
function CountChart(props: { readonly title: string; readonly data: [number[], number[]]; readonly moment: (x: number) => string }) {
  const { language } = useDashboard();
  return (
    <Chart
      {...props}
      bands={[]}
      format={(value) => formatValue(value, { unit: null }, language.value)}
      expected={() => ''}
      fromZero
      height={180}
      spanLeastMs={60_000}
    />
  );
}

function Throughput({ feed }: { feed: PipelineFeed }) {
  const { t, language } = useDashboard();
  const rates = feed.rates.value;
  const data = useMemo((): [number[], number[]] => [rates.map(({ at }) => at), rates.map(({ perSecond }) => perSecond)], [rates]);
  return (
    <section class="panel chart-panel" aria-label={t('system.throughput')}>
      <CountChart title={t('system.throughput')} data={data} moment={(x) => formatClock(x, language.value)} />
      <p class="note">{t('system.throughput_hint')}</p>
    </section>
  );
}

/** From the total of all segments: it has a past from before the page was opened. */
function AcceptedByWindow({ feed }: { feed: PipelineFeed }) {
  const { t, language } = useDashboard();
  const window = feed.info.windows[0];
  const hasTotal = feed.info.rollups.some((dimensions) => dimensions.length === 0);
  const windows = useMemo(
    () => (window && hasTotal ? feed.watch({ window: window.name, labels: {}, windowsBack: 120 }) : undefined),
    [feed, window, hasTotal],
  );
  useEffect(() => windows?.close, [windows]);
  const revision = windows?.revision.value;
  const points = windows?.book.get({})?.points ?? [];
  const seconds = (window?.size_ms ?? 1_000) / 1_000;
  const data = useMemo((): [number[], number[]] => {
    const finals = points.filter(({ final }) => final);
    return [finals.map(({ window_start }) => Date.parse(window_start)), finals.map(({ events }) => events / seconds)];
  }, [revision]);
  if (!window || !windows) return null;
  const loading = windows.loading.value;
  return (
    <section class="panel chart-panel" aria-label={t('system.accepted')}>
      {data[0].length === 0 && loading.state === 'loading' ? (
        <Loading />
      ) : data[0].length === 0 && loading.state === 'failed' ? (
        <Failed error={loading.error} retry={windows.load} />
      ) : data[0].length === 0 ? (
        <Empty title={t('state.no_data')} hint={t('state.no_data_hint', { window: window.name })} />
      ) : (
        <>
          <CountChart title={t('system.accepted')} data={data} moment={(x) => `${formatClock(x, language.value)} · ${window.name}`} />
          <PastNote loading={loading} isShort={data[0].length < 3} />
        </>
      )}
    </section>
  );
}

function Partitions({ feed }: { feed: PipelineFeed }) {
  const { t, language, now } = useDashboard();
  const partitions = feed.status.value?.partitions ?? [];
  const count = (value: number): string => formatCount(value, language.value);
  return (
    <Panel title={t('system.partitions')}>
      <div class="table-scroll" tabIndex={0} role="region" aria-label={t('system.partitions')}>
        <table>
          <thead>
            <tr>
              <th scope="col">{t('system.partition')}</th>
              <th scope="col" class="is-number">
                {t('system.offset')}
              </th>
              <th scope="col" class="is-number">
                {t('system.end')}
              </th>
              <th scope="col" class="is-number">
                {t('system.lag')}
              </th>
              <th scope="col" class="is-number">
                {t('system.lag_time')}
              </th>
              <th scope="col" class="is-number">
                {t('system.watermark')}
              </th>
            </tr>
          </thead>
          <tbody>
            {partitions.map(({ name, offset, end, lag, lag_seconds, watermark }) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td class="is-number">{count(offset)}</td>
                <td class="is-number">{count(endOf({ offset, end }))}</td>
                <td class="is-number">{count(lag)}</td>
                <td class="is-number">{lag_seconds === null ? '–' : formatSpan(lag_seconds * 1_000, spanUnits(t))}</td>
                <td class="is-number">{watermark === null ? '–' : formatNear(Date.parse(watermark), now.value, language.value)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

function Topics({ feed }: { feed: PipelineFeed }) {
  const { api, t, language } = useDashboard();
  const [answer, again] = usePolled((signal) => api.topics(signal), 'topics', 5_000);
  const count = (value: number): string => formatCount(value, language.value);
  return (
    <Panel title={t('system.topics')}>
      {answer.state === 'loading' && <Loading />}
      {answer.state === 'failed' && <Failed error={answer.error} retry={again} />}
      {answer.state === 'ready' && (
        <div class="table-scroll" tabIndex={0} role="region" aria-label={t('system.topics')}>
          <table>
            <thead>
              <tr>
                <th scope="col">{t('system.topic')}</th>
                <th scope="col" class="is-number">
                  {t('system.records')}
                </th>
                <th scope="col" class="is-number">
                  {t('system.size')}
                </th>
              </tr>
            </thead>
            <tbody>
              {topicSizes(answer.value.topics, feed.status.value?.partitions ?? []).map(({ name, records, bytes }) => (
                <tr key={name}>
                  <th scope="row">{name}</th>
                  <td class="is-number">{count(records)}</td>
                  <td class="is-number">{formatBytes(bytes, language.value)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}

function Stages({ feed }: { feed: PipelineFeed }) {
  const { t, language } = useDashboard();
  const status = feed.status.value;
  if (!status) return null;
  const count = (value: number): string => formatCount(value, language.value);
  const facts = [
    ...Object.entries(status.windows).map(([name, { results, corrections }]): [string, string] => [
      `${t('system.windows')} ${name}`,
      `${count(results)} · ${t('system.corrections')} ${count(corrections)}`,
    ]),
    [t('system.olap'), t(`olap.${status.olap_store}`)],
    [t('system.olap_lag'), count(status.queues.olap_lag)],
    [t('system.backpressure'), status.backpressure.map((reason) => t(`backpressure.${reason}`)).join(', ') || t('backpressure.none')],
    [t('system.partials'), count(status.queues.partials)],
    [t('system.hot_store_rows'), count(status.queues.hot_store_rows)],
    [t('system.notifications'), count(status.queues.notifications)],
    [t('system.replayed'), count(status.replayed)],
  ] as const;
  return (
    <Panel title={t('system.behind')}>
      <dl class="fact-list">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </Panel>
  );
}
