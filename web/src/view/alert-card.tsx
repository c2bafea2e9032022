import { useEffect, useRef } from 'preact/hooks';
import { isInCooldown, reminderDue } from '../../../src/alerts/in-cooldown.ts';
import { readableAddress, webAddress } from '../../../src/core/web-address.ts';
import { isExperiment, unclearEnding, yardstickOf, type Episode } from '../data/alert-book.ts';
import type { PipelineFeed } from '../data/pipeline-feed.ts';
import { segmentName } from '../data/segments.ts';
import { formatFigure } from '../format/figure.ts';
import { formatChange, formatCount, formatValue } from '../format/number.ts';
import { formatNear, formatMoment, formatSpan } from '../format/time.ts';
import { withNearTimes } from '../format/utc-text.ts';
import { AlertCompany, AlertFigures } from './alert-evidence.tsx';
import { useDashboard } from './context.ts';
import { SeverityIcon } from './icons.tsx';
import { SilenceControl, SilenceMark } from './silences.tsx';
import { spanUnits } from './span-units.ts';

interface Props {
  readonly feed: PipelineFeed;
  readonly episode: Episode;
  readonly open: boolean;
  /** It stands on its segment's own page. */
  readonly isHere?: boolean;
  /** One came for it: it is brought into view and marked. */
  readonly isLinked?: boolean;
}

/** One line that says what broke; opened, why it rang. */
export function AlertCard({ feed, episode, open, isHere, isLinked }: Props) {
  const { t, language, link, now } = useDashboard();
  const { severity, status, direction, labels, explanation, impact, likely_causes: causes } = episode;
  const unclear = unclearEnding(episode);
  const due = reminderDue(episode);
  const kind = feed.info.measures.find((measure) => measure.name === episode.measure)?.kind;
  const name = segmentName(labels, feed.info.dimensions) || t('segment.total');
  const fresh = feed.rang.value?.alert_id === episode.alert_id;
  const money = impact && formatValue(Math.abs(impact.money_per_hour), { unit: impact.currency }, language.value);
  const runbook = webAddress(episode.runbook ?? '');
  const card = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    if (isLinked) card.current?.scrollIntoView({ block: 'nearest' });
  }, [isLinked]);
  return (
    <details
      ref={card}
      class={`alert is-${status} severity-${severity}${fresh ? ' is-fresh' : ''}${unclear ? ' is-unclear' : ''}${isLinked ? ' is-linked' : ''}`}
      open={open}
      data-alert={episode.alert_id}
    >
      <summary>
        <SeverityIcon severity={severity} label={t(`severity.${severity}`)} />
        <span class="alert-what">
          <strong>{name}</strong>
          <span class="badge">{t(`severity.${severity}`)}</span>
        </span>
        <span class="alert-when">
          <span class="alert-change">
            {episode.metric_name} {direction === 'down' ? '▼' : '▲'} <Distance episode={episode} kind={kind} />
          </span>
          <When episode={episode} now={now.value} />
        </span>
        {unclear && <span class="alert-ending">{t(`ending.${unclear}`)}</span>}
        {isInCooldown(episode) && <span class="alert-ending">{t('alerts.in_cooldown')}</span>}
        <SilenceMark feed={feed} episode={episode} />
      </summary>
      <div class="alert-body">
        <p class="alert-message">{withNearTimes(explanation.text, now.value, language.value)}</p>
        {unclear && <p class="alert-fact">{t(`alerts.${unclear}`)}</p>}
        {due !== undefined && (
          <p class="alert-fact">{t('alerts.reminder_due', { time: formatNear(Date.parse(due), now.value, language.value) })}</p>
        )}
        <AlertFigures episode={episode} kind={kind} />
        {impact && money && (
          <p class="alert-fact">
            <b>{t('alerts.impact')}</b> {t(impact.money_per_hour >= 0 ? 'alerts.per_hour' : 'alerts.excess', { money })}
          </p>
        )}
        {explanation.evidence?.false_alarms_per_day === undefined && (
          <p class="alert-fact">
            <b>{t('alerts.not_fired_if')}</b> {explanation.not_fired_if}
          </p>
        )}
        <AlertCompany episode={episode} dimensions={feed.info.dimensions} />
        {causes.length > 0 && (
          <div class="alert-fact">
            <b>{t('alerts.causes')}</b>
            <ul>
              {causes.map((cause) => (
                <li key={cause}>{cause}</li>
              ))}
            </ul>
          </div>
        )}
        {runbook !== undefined && (
          <p class="alert-fact">
            <b>{t('alerts.runbook')}</b>{' '}
            <a class="alert-runbook" href={runbook} target="_blank" rel="noreferrer">
              {readableAddress(runbook).replace(/^https?:\/\//, '')}
            </a>
          </p>
        )}
        <SilenceControl feed={feed} episode={episode} />
        <p class="alert-foot">
          {!isHere && (
            <a href={link({ page: 'alert', alert: episode.alert_id, measure: undefined, window: undefined })}>
              {t('alerts.open_segment')} →
            </a>
          )}
          <span>
            {episode.window}
            {explanation.baseline && ` · ${t(baselineKey(episode), { count: formatCount(explanation.baseline.windows, language.value) })}`}
            {explanation.baseline?.age_ms !== undefined && ` (${formatSpan(explanation.baseline.age_ms, spanUnits(t))})`}
          </span>
        </p>
      </div>
    </details>
  );
}

/** What its baseline is called; `{count}`: its windows. */
function baselineKey(episode: Episode): 'alerts.compared' | 'alerts.learnt' | 'alerts.learnt_one' {
  if (isExperiment(episode) || episode.detector === 'expected-rate') return 'alerts.compared';
  return episode.explanation.baseline?.windows === 1 ? 'alerts.learnt_one' : 'alerts.learnt';
}

/** How far off it was; past a limit what it was, as nobody measures that in percents of the limit. */
function Distance({ episode, kind }: { episode: Episode; kind: string | undefined }) {
  const { t, language } = useDashboard();
  const { current_value: value, expected_value: limit, deviation_percent: deviation, unit } = episode;
  if (yardstickOf(episode) !== 'limit') return <>{formatChange(deviation === null ? null : deviation / 100, language.value)}</>;
  const figure = (number: number | null): string => formatFigure(number, { unit, kind }, language.value);
  return (
    <>
      {figure(value)} <small>({t('segment.limit', { value: figure(limit) })})</small>
    </>
  );
}

function When({ episode, now }: { episode: Episode; now: number }) {
  const { t, language } = useDashboard();
  const { since, resolved_time: resolved } = episode;
  const near = (iso: string): string => formatNear(Date.parse(iso), now, language.value);
  const span = formatSpan((resolved === null ? now : Date.parse(resolved)) - Date.parse(since), spanUnits(t));
  return (
    <time dateTime={since} title={formatMoment(since, language.value)}>
      {resolved === null
        ? `${t('alerts.since', { time: near(since) })} · ${span}`
        : t('alerts.lasted', { from: near(since), to: near(resolved), span })}
    </time>
  );
}
