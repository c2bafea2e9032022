import { isExperiment, type Episode } from '../data/alert-book.ts';
import { segmentName } from '../data/segments.ts';
import { formatCount, formatOdds, formatTimes, formatValue } from '../format/number.ts';
import { formatNear } from '../format/time.ts';
import { useDashboard } from './context.ts';

interface Props {
  readonly episode: Episode;
  readonly dimensions: readonly string[];
}

const MEMBERS_SHOWN = 8;

/** The figures of an alert: what was seen, what was expected and how sure that is. */
export function AlertFigures({ episode }: { readonly episode: Episode }) {
  const { t, language } = useDashboard();
  const { observed, expected, threshold, baseline, ratio, evidence, unseen } = episode.explanation;
  const value = (number: number | null): string => formatValue(number, { unit: episode.unit }, language.value);
  const span = ([low, high]: readonly [number, number], text: (number: number) => string): string => `${text(low)} – ${text(high)}`;
  const times = (number: number): string => formatTimes(number, language.value);
  return (
    <dl class={`facts${evidence ? ' has-ranges' : ''}`}>
      <Figure name={t('alerts.observed')} value={value(observed)} />
      <Figure
        name={t(isExperiment(episode) ? 'alerts.control' : baseline ? 'alerts.expected' : unseen ? 'alerts.new_from' : 'alerts.limit')}
        value={value(expected)}
        note={evidence && span(evidence.expected_range, value)}
      />
      {evidence && ratio !== null && <Figure name={t('alerts.ratio')} value={times(ratio)} note={span(evidence.ratio_range, times)} />}
      {evidence && <Figure name={t('alerts.evidence')} value={`1 : ${formatOdds(evidence.one_in, language.value)}`} />}
      {!evidence && threshold !== expected && <Figure name={t('alerts.threshold')} value={value(threshold)} />}
    </dl>
  );
}

function Figure({ name, value, note }: { readonly name: string; readonly value: string; readonly note?: string | undefined }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
      {note !== undefined && <dd class="facts-note">{note}</dd>}
    </div>
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
          <b>{t('alerts.members', { count: formatCount(members.length, language.value) })}</b>
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
      {episode.part_of !== undefined && <p class="alert-fact">{t('alerts.part_of')}</p>}
    </>
  );
}
