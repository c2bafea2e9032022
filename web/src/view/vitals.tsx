import { unclearEndings } from '../data/alert-book.ts';
import { firingCount } from '../data/alert-groups.ts';
import { behindSecondsOf, OUTCOME_NAMES, silentMsOf, watermarkOf } from '../data/vitals.ts';
import { formatCount, formatShort } from '../format/number.ts';
import { formatNear, formatSpan } from '../format/time.ts';
import { formatZone } from '../format/utc-text.ts';
import { useDashboard } from './context.ts';
import { Sparkline } from './sparkline.tsx';
import { spanUnits } from './span-units.ts';

/** Further behind than this, what is quiet is only known to have been. */
const BEHIND_SECONDS = 10;

/** The strip below the head: is it alive, is it keeping up, does every record have its outcome, does something ring. */
export function Vitals() {
  const { t, feed, language, now } = useDashboard();
  const live = feed.value;
  const status = live?.status.value;
  if (!live || !status) return <div class="vitals is-waiting" aria-hidden="true" />;
  const watermark = watermarkOf(status);
  const isLost = live.connection.value === 'lost';
  const heard = live.rates.value.at(-1)?.at;
  const asOf = isLost && heard !== undefined ? t('vitals.as_of', { time: formatNear(heard, now.value, language.value) }) : '';
  const zone = formatZone(now.value);
  const lag = status.partitions.reduce((sum, partition) => sum + partition.lag, 0);
  const behindSeconds = behindSecondsOf(status);
  const isBehind = behindSeconds >= BEHIND_SECONDS;
  const span = formatSpan(behindSeconds * 1_000, spanUnits(t));
  const silentMs = isLost ? 0 : silentMsOf(status, live.info, live.rates.value, now.value);
  const silent = formatSpan(silentMs, spanUnits(t));
  const firing = firingCount(live.alerts.value, live.told.value?.firing);
  const unclear = unclearEndings(live.alerts.value, watermark === undefined ? now.value : Date.parse(watermark));
  const quiet = (): string => {
    if (isLost || !live.alertsKnown.value) return asOf;
    if (firing > 0) return t('vitals.of_fired', { count: formatCount(Math.max(status.alerts.fired, firing), language.value) });
    if (unclear > 0) return t('vitals.unclear', { count: unclear });
    if (isBehind || silentMs > 0) return t('vitals.quiet_until', { span: isBehind ? span : silent });
    return t('vitals.quiet');
  };
  const rates = live.rates.value.slice(-60).map(({ perSecond }) => ({ value: perSecond, final: true }));
  return (
    <section class={isLost ? 'vitals is-stale' : 'vitals'} aria-label={t('vitals.label')}>
      <div class="vital is-rate">
        <span class="vital-name">{t('vitals.rate')}</span>
        <strong data-testid="records-per-second">{formatCount(status.records_per_second, language.value)}</strong>
        {isLost && <span class="vital-note">{asOf}</span>}
        <Sparkline points={rates} mean={null} slots={Math.max(12, rates.length)} height={30} />
      </div>
      <Outcomes />
      <div class={silentMs > 0 ? 'vital is-silent' : 'vital'}>
        <span class="vital-name" title={t('vitals.zone', { zone })}>
          {t('vitals.watermark')} ({zone})
        </span>
        <strong>{watermark === undefined ? '–' : formatNear(Date.parse(watermark), now.value, language.value)}</strong>
        <span class="vital-note">
          {silentMs > 0
            ? t('vitals.silent', { span: silent })
            : watermark !== undefined && t('vitals.behind', { span: formatSpan(now.value - Date.parse(watermark), spanUnits(t)) })}
        </span>
      </div>
      <div class={isBehind ? 'vital is-behind' : 'vital'}>
        <span class="vital-name">{t('vitals.lag')}</span>
        <strong>{formatShort(lag, language.value)}</strong>
        <span class="vital-note">
          {isBehind ? t('vitals.behind', { span }) : lag === 0 ? t('vitals.caught_up') : t(lag === 1 ? 'vitals.record' : 'vitals.records')}
        </span>
      </div>
      <div class={firing > 0 ? 'vital is-firing' : unclear > 0 ? 'vital is-unclear' : 'vital'}>
        <span class="vital-name">{t('vitals.firing')}</span>
        <strong data-testid="firing-count">{live.alertsKnown.value ? formatCount(firing, language.value) : '–'}</strong>
        <span class="vital-note">{quiet()}</span>
      </div>
    </section>
  );
}

/** A bar whose parts add up, and the same as numbers; what is rare keeps a hair's breadth. */
function Outcomes() {
  const { t, feed, language } = useDashboard();
  const outcomes = feed.value?.status.value?.outcomes;
  if (!outcomes) return null;
  return (
    <div class="vital outcomes">
      <span class="vital-name">
        {t('vitals.read')} <b data-testid="records-read">{formatCount(outcomes.read, language.value)}</b>
      </span>
      <div class="outcome-bar" aria-hidden="true">
        {OUTCOME_NAMES.map(
          (name) => outcomes[name] > 0 && <i key={name} class={`outcome-${name}`} style={{ flexGrow: outcomes[name] / outcomes.read }} />,
        )}
      </div>
      <dl class="outcome-list">
        {OUTCOME_NAMES.map((name) => (
          <div key={name}>
            <dt>
              <i class={`outcome-${name}`} aria-hidden="true" />
              {t(`outcome.${name}`)}
            </dt>
            <dd data-outcome={name}>{formatCount(outcomes[name], language.value)}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
