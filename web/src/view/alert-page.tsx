import type { PipelineFeed } from '../data/pipeline-feed.ts';
import { ApiError } from '../data/api.ts';
import { useDashboard } from './context.ts';
import { BackLink, Empty, Failed, Loading } from './parts.tsx';
import { usePolled } from './polled.ts';
import { SegmentPage } from './segment-page.tsx';

const ASK_EVERY_MS = 60_000;

/** What the link of a message leads to: the alert, at the head of its segment. */
export function AlertPage({ feed, id }: { feed: PipelineFeed; id: string }) {
  const { t, api, language } = useDashboard();
  const { name } = feed.info;
  // The feed has the newest alone; one that ended long ago has to be asked for.
  const [asked, retry] = usePolled((signal) => api.alert(name, id, language.value, signal), language.value, ASK_EVERY_MS);
  const episode = feed.alerts.value.find(({ alert_id }) => alert_id === id) ?? (asked.state === 'ready' ? asked.value : undefined);
  if (episode) return <SegmentPage feed={feed} labels={episode.labels} linked={episode} />;
  if (asked.state !== 'failed') return <Loading />;
  const isUnknown = asked.error instanceof ApiError && asked.error.status === 404;
  if (!isUnknown) return <Failed error={asked.error} retry={retry} />;
  return (
    <Empty title={t('alerts.unknown')} hint={t('alerts.unknown_hint')}>
      <BackLink />
    </Empty>
  );
}
