import { yardstickOf } from './data/alert-book.ts';
import { firingCount } from './data/alert-groups.ts';
import { useEffect, useLayoutEffect } from 'preact/hooks';
import { segmentName } from './data/segments.ts';
import { AlertPage } from './view/alert-page.tsx';
import { useDashboard } from './view/context.ts';
import { DeadLettersPage } from './view/dead-letters-page.tsx';
import { Head } from './view/head.tsx';
import { Overview } from './view/overview.tsx';
import { Empty, Failed, Loading } from './view/parts.tsx';
import { SegmentPage } from './view/segment-page.tsx';
import { SystemPage } from './view/system-page.tsx';
import { Vitals } from './view/vitals.tsx';

export function App() {
  const { t, route, feed, language, theme } = useDashboard();
  const firing = firingCount(feed.value?.alerts.value ?? [], feed.value?.told.value?.firing);
  const name = feed.value?.info.name;
  useEffect(() => {
    document.documentElement.lang = language.value;
    document.documentElement.dataset['theme'] = theme.value;
  }, [language.value, theme.value]);
  useEffect(() => {
    document.title = `${firing > 0 ? `(${firing}) ` : ''}${name === undefined ? '' : `${name} · `}${t('app.title')}`;
  }, [firing, name, language.value]);
  const { page, labels, alert } = route.value;
  const place = `${page}?${new URLSearchParams(labels)}?${alert}`;
  // Before a card that was asked for comes into view.
  useLayoutEffect(() => scrollTo(0, 0), [place]);
  return (
    <>
      <Head />
      <Vitals />
      <main id="content" tabIndex={-1}>
        <Content />
      </main>
      <Announcer />
    </>
  );
}

function Content() {
  const { t, route, feed, pipelines, failed, retry } = useDashboard();
  const live = feed.value;
  if (!live && failed.value) return <Failed error={failed.value} retry={retry} />;
  if (!live) return pipelines.value ? <Empty title={t('state.no_pipeline')} /> : <Loading />;
  const { page, labels, alert = '' } = route.value;
  if (page === 'alert') return <AlertPage key={`${live.info.name}/${alert}`} feed={live} id={alert} />;
  if (page === 'segment') return <SegmentPage feed={live} labels={labels} />;
  if (page === 'dead-letters') return <DeadLettersPage feed={live} />;
  if (page === 'system') return <SystemPage feed={live} />;
  return <Overview feed={live} />;
}

/** Says a new alert to those who hear the page. */
function Announcer() {
  const { t, feed } = useDashboard();
  const alert = feed.value?.rang.value;
  const name = alert && (segmentName(alert.labels, feed.value?.info.dimensions ?? []) || t('segment.total'));
  return (
    <p class="unseen" role="alert">
      {alert &&
        t('alerts.rang', {
          text: `${name}, ${alert.metric_name} ${t(`${yardstickOf(alert)}.${alert.direction}`)}`,
        })}
    </p>
  );
}
