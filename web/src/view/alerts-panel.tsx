import { useState } from 'preact/hooks';
import { gravestFiring, incidentsOf, type Episode } from '../data/alert-book.ts';
import { firingCount, groupsOf, type FiringGroup } from '../data/alert-groups.ts';
import type { PipelineFeed } from '../data/pipeline-feed.ts';
import { formatCount } from '../format/number.ts';
import { AlertCard } from './alert-card.tsx';
import { useDashboard } from './context.ts';
import { SeverityIcon } from './icons.tsx';
import { Empty, Loading } from './parts.tsx';
import { SilencesPanel } from './silences.tsx';

const RESOLVED_SHOWN = 30;
/** More than these are an outage: then it is told what kinds there are, and the gravest of each. */
const FLAT_MAX = 12;
const CARDS_FIRST = 5;
const CARDS_MORE = 20;

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
      {firingCount(firing, feed.told.value?.firing) > FLAT_MAX ? (
        <FiringGroups feed={feed} firing={firing} />
      ) : (
        <AlertGroup title={t('alerts.firing')} feed={feed} episodes={firing} opened={gravestFiring(firing)} open />
      )}
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

function FiringGroups({ feed, firing }: { readonly feed: PipelineFeed; readonly firing: readonly Episode[] }) {
  const { t, language } = useDashboard();
  const told = feed.told.value;
  return (
    <details class="alert-group" open data-testid="firing-groups">
      <summary>
        {t('alerts.firing')} <small>{formatCount(firingCount(firing, told?.firing), language.value)}</small>
      </summary>
      {groupsOf(firing, told?.groups ?? []).map((group, index) => (
        <KindOfAlerts key={group.key} feed={feed} group={group} open={index === 0} />
      ))}
    </details>
  );
}

/** One line that says what kind and how many; opened, the gravest of them, and more when asked for. */
function KindOfAlerts({ feed, group, open }: { readonly feed: PipelineFeed; readonly group: FiringGroup; readonly open: boolean }) {
  const { t, language } = useDashboard();
  const [shown, setShown] = useState(CARDS_FIRST);
  const [opened, setOpened] = useState(open);
  const { metric_name: metric, direction, dimensions, gravest, firing, episodes } = group;
  const rest = episodes.length - shown;
  const count = (number: number): string => formatCount(number, language.value);
  const ofAll = dimensions.length === feed.info.dimensions.length ? t('overview.segments') : dimensions.join(' × ');
  return (
    <details class="alert-kind" open={opened} onToggle={(event) => setOpened(event.currentTarget.open)}>
      <summary>
        <SeverityIcon severity={gravest} label={t(`severity.${gravest}`)} />
        <strong class={`severity-${gravest}`}>
          {metric} {direction === 'down' ? '▼' : '▲'}
        </strong>
        <span>{dimensions.length === 0 ? t('segment.total') : ofAll}</span>
        <b>{count(firing)}</b>
      </summary>
      {opened && episodes.slice(0, shown).map((episode) => <AlertCard key={episode.alert_id} feed={feed} episode={episode} open={false} />)}
      {opened && rest > 0 && (
        <button type="button" class="button" onClick={() => setShown(shown + CARDS_MORE)}>
          {t('overview.more', { count: count(Math.min(CARDS_MORE, rest)) })}
        </button>
      )}
      {opened && rest <= 0 && firing > episodes.length && (
        <p class="note">{t('alerts.not_kept', { count: count(firing - episodes.length) })}</p>
      )}
    </details>
  );
}
