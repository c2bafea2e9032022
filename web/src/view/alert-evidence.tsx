import type { Episode } from '../data/alert-book.ts';
import { segmentName } from '../data/segments.ts';
import { formatCount, formatOdds } from '../format/number.ts';
import { formatNear } from '../format/time.ts';
import { figuresOf } from './alert-figures.ts';
import { useDashboard } from './context.ts';

interface Props {
  readonly episode: Episode;
  readonly dimensions: readonly string[];
}

const MEMBERS_SHOWN = 8;

/** The figures of an alert: what was seen, what was expected and how sure that is. `kind`: of its measure. */
export function AlertFigures({ episode, kind }: { readonly episode: Episode; readonly kind: string | undefined }) {
  const { t, language } = useDashboard();
  return (
    <dl class={`facts${episode.explanation.evidence ? ' has-ranges' : ''}`}>
      {figuresOf(episode, kind, language.value).map(({ name, value, note }) => (
        <div key={name}>
          <dt>{t(name)}</dt>
          <dd>{value}</dd>
          {note !== undefined && <dd class="facts-note">{note}</dd>}
        </div>
      ))}
    </dl>
  );
}

/** Out of which budget it rang, which members moved it, and for whom it speaks. */
export function AlertCompany({ episode, dimensions }: Props) {
  const { t, language, link, now } = useDashboard();
  const { evidence, contributors = [] } = episode.explanation;
  const { members = [], measure, window } = episode;
  const name = (labels: Episode['labels']): string => segmentName(labels, dimensions) || t('segment.total');
  const near = (iso: string): string => formatNear(Date.parse(iso), now.value, language.value);
  return (
    <>
      {evidence?.false_alarms_per_day !== undefined && (
        <p class="alert-fact">
          <b>{t('alerts.budget')}</b>{' '}
          {t('alerts.budget_is', {
            budget: formatCount(evidence.false_alarms_per_day, language.value),
            needed: formatOdds(evidence.needed, language.value),
          })}
        </p>
      )}
      {contributors.length > 0 && (
        <div class="alert-fact">
          <b>{t('alerts.contributors')}</b>
          <ul class="shares">
            {contributors.map(({ labels, series, share }) => (
              <li key={series} style={{ '--share': share }}>
                <a href={link({ page: 'segment', labels, measure, window })}>{name(labels)}</a> <span>{Math.round(share * 100)}%</span>
              </li>
            ))}
          </ul>
        </div>
      )}
      {members.length > 0 && (
        <div class="alert-fact">
          <b>{t(members.length === 1 ? 'alerts.member' : 'alerts.members', { count: formatCount(members.length, language.value) })}</b>
          <ul>
            {members.slice(0, MEMBERS_SHOWN).map(({ alert_id, labels, since, told }) => (
              <li key={alert_id}>
                <a href={link({ page: 'segment', labels, measure, window })}>{name(labels)}</a> {t('alerts.since', { time: near(since) })}
                {told && `, ${t('alerts.member_told')}`}
              </li>
            ))}
          </ul>
        </div>
      )}
      {episode.look && <p class="alert-fact">{t('alerts.looked')}</p>}
      {episode.part_of !== undefined && (
        <p class="alert-fact">
          {t('alerts.part_of')}{' '}
          <a href={link({ page: 'alert', alert: episode.part_of, measure: undefined, window: undefined })}>{t('alerts.see_larger')}</a>
        </p>
      )}
    </>
  );
}
