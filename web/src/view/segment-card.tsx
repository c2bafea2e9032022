import type { MeasureInfo, WindowPoint } from '../../../src/server/api.ts';
import { yardstickOf, type Episode } from '../data/alert-book.ts';
import { isDrawn } from '../data/thin-windows.ts';
import type { Segment } from '../data/segments.ts';
import { formatValue } from '../format/number.ts';
import { formatMoment, formatNear } from '../format/time.ts';
import { useDashboard } from './context.ts';
import { SeverityIcon } from './icons.tsx';
import { Change } from './parts.tsx';
import { MutedIcon } from './silences.tsx';
import { Sparkline } from './sparkline.tsx';
import type { SparkPoint } from './sparkline-shape.ts';

/** Windows that a sparkline shows. */
export const SLOTS = 30;

interface Props {
  readonly segment: Segment;
  readonly measure: MeasureInfo;
  /** The gravest that fires of this measure; the segment's own may be of another one. */
  readonly rings: Episode | undefined;
  /** Something fires, and receivers are told of none of it. */
  readonly silenced: boolean;
  /** Of a roll-up. */
  readonly small: boolean;
}

export function SegmentCard({ segment, measure, rings, silenced, small }: Props) {
  const { t, link, language, now } = useDashboard();
  const { alert, labels, name, value, change, mean, points, open, quietSince } = segment;
  const kind = [
    small ? 'card is-small' : 'card',
    alert && `has-alert severity-${alert.severity}`,
    // The number in sight is painted only where it is what rings.
    rings && 'is-ringing',
    silenced && 'is-silenced',
  ];
  const told = rings ?? alert;
  return (
    <a
      class={kind.filter(Boolean).join(' ')}
      href={link({ page: 'segment', labels })}
      data-segment={name}
      data-firing={alert !== undefined}
    >
      <span class="card-name">
        <span title={name}>{name}</span>
        {silenced && (
          <span class="card-muted" role="img" aria-label={t('silences.mark')} title={t('silences.mark')}>
            <MutedIcon />
          </span>
        )}
        {alert && <SeverityIcon severity={alert.severity} label={t(`severity.${alert.severity}`)} />}
      </span>
      <span class="card-numbers">
        <span class={open || quietSince !== undefined ? 'card-value is-open' : 'card-value'}>
          {formatValue(value, measure, language.value)}
        </span>
        {quietSince === undefined ? (
          <Change change={change} />
        ) : (
          <span class="change" title={formatMoment(quietSince, language.value)}>
            {t('overview.quiet', { time: formatNear(Date.parse(quietSince), now.peek(), language.value, { seconds: false }) })}
          </span>
        )}
      </span>
      <Sparkline points={measurePoints(points, measure)} mean={mean} slots={SLOTS} height={small ? 20 : 34} />
      {told && !(small && rings) && (
        <span class="card-alert">
          {told.metric_name} {told.direction === 'down' ? '↓' : '↑'} {!small && t(`${yardstickOf(told)}.${told.direction}`)}
        </span>
      )}
    </a>
  );
}

export function measurePoints(points: readonly WindowPoint[], { name, kind }: MeasureInfo): SparkPoint[] {
  const shown = points.slice(-SLOTS);
  const drawn = isDrawn(shown, kind);
  return shown.map((point) => ({ value: drawn(point) ? (point.measures[name] ?? null) : null, final: point.final }));
}
