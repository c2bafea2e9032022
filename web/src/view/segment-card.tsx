import type { MeasureInfo, WindowPoint } from '../../../src/server/api.ts';
import { isExperiment } from '../data/alert-book.ts';
import { isDrawn } from '../data/thin-windows.ts';
import type { Segment } from '../data/segments.ts';
import { formatValue } from '../format/number.ts';
import { useDashboard } from './context.ts';
import { SeverityIcon } from './icons.tsx';
import { Change } from './parts.tsx';
import { Sparkline } from './sparkline.tsx';
import type { SparkPoint } from './sparkline-shape.ts';

/** Windows that a sparkline shows. */
export const SLOTS = 30;

interface Props {
  readonly segment: Segment;
  readonly measure: MeasureInfo;
  /** Of a roll-up. */
  readonly small: boolean;
}

export function SegmentCard({ segment, measure, small }: Props) {
  const { t, link, language } = useDashboard();
  const { alert, labels, name, value, change, mean, points, open } = segment;
  const kind = [small ? 'card is-small' : 'card', alert && `has-alert severity-${alert.severity}`].filter(Boolean).join(' ');
  return (
    <a class={kind} href={link({ page: 'segment', labels })} data-segment={name} data-firing={alert !== undefined}>
      <span class="card-name">
        <span title={name}>{name}</span>
        {alert && <SeverityIcon severity={alert.severity} label={t(`severity.${alert.severity}`)} />}
      </span>
      <span class="card-numbers">
        <span class={open ? 'card-value is-open' : 'card-value'}>{formatValue(value, measure, language.value)}</span>
        <Change change={change} />
      </span>
      <Sparkline points={measurePoints(points, measure)} mean={mean} slots={SLOTS} height={small ? 20 : 34} />
      {alert && !small && (
        <span class="card-alert">
          {alert.metric_name} {alert.direction === 'down' ? '↓' : '↑'}{' '}
          {t(`${isExperiment(alert) ? 'decided' : 'direction'}.${alert.direction}`)}
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
