import { useState } from 'preact/hooks';
import { gravestFiring, incidentsOf, type Episode } from '../data/alert-book.ts';
import type { PipelineFeed } from '../data/pipeline-feed.ts';
import { AlertCard } from './alert-card.tsx';
import { useDashboard } from './context.ts';
import { Empty, Loading } from './parts.tsx';
import { SilencesPanel } from './silences.tsx';

const RESOLVED_SHOWN = 30;

export function AlertsPanel({ feed }: { feed: PipelineFeed }) {
  const { t } = useDashboard();
  // On a narrow screen the panel stands above the segments: what is over must not push them out of sight.
  const [roomy] = useState(() => matchMedia('(min-width: 1001px)').matches);
  const known = feed.alertsKnown.value;
  const incidents = incidentsOf(feed.alerts.value);
  const firing = incidents.filter(({ status }) => status === 'firing');
  const resolved = incidents.filter(({ status }) => status === 'resolved');
  return (
    <aside class="alerts" aria-label={t('alerts.title')} data-testid="alerts">
      <h2>{t('alerts.title')}</h2>
      {!known && <Loading />}
      {known && firing.length + resolved.length === 0 && <Empty title={t('alerts.none')} hint={t('alerts.none_hint')} />}
      <AlertGroup title={t('alerts.firing')} feed={feed} episodes={firing} opened={gravestFiring(firing)} open />
      <SilencesPanel feed={feed} />
      <AlertGroup title={t('alerts.resolved')} feed={feed} episodes={resolved.slice(0, RESOLVED_SHOWN)} opened={undefined} open={roomy} />
    </aside>
  );
}

interface GroupProps {
  readonly title: string;
  readonly feed: PipelineFeed;
  readonly episodes: readonly Episode[];
  /** The one whose reasons are shown. */
  readonly opened: Episode | undefined;
  readonly open: boolean;
}

function AlertGroup({ title, feed, episodes, opened, open }: GroupProps) {
  if (episodes.length === 0) return null;
  return (
    <details class="alert-group" open={open}>
      <summary>
        {title} <small>{episodes.length}</small>
      </summary>
      {episodes.map((episode) => (
        <AlertCard key={episode.alert_id} feed={feed} episode={episode} open={episode === opened} />
      ))}
    </details>
  );
}
