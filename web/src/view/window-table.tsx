import type { PipelineInfo, WindowPoint } from '../../../src/server/api.ts';
import { formatCount, formatValue } from '../format/number.ts';
import { formatMoment } from '../format/time.ts';
import { useDashboard } from './context.ts';

const ROWS = 40;

/** Newest first. */
export function WindowTable({ points, measures }: { points: readonly WindowPoint[]; measures: PipelineInfo['measures'] }) {
  const { t, language } = useDashboard();
  return (
    <div class="table-scroll" tabIndex={0} role="region" aria-label={t('segment.windows')}>
      <table>
        <thead>
          <tr>
            <th scope="col">{t('segment.from')}</th>
            <th scope="col">{t('segment.state')}</th>
            <th scope="col" class="is-number">
              {t('segment.events')}
            </th>
            {measures.map(({ name }) => (
              <th key={name} scope="col" class="is-number">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {points
            .slice(-ROWS)
            .reverse()
            .map((point) => (
              <tr key={point.window_start} class={point.final ? '' : 'is-open'}>
                <th scope="row">{formatMoment(point.window_start, language.value)}</th>
                <td>
                  <WindowState point={point} />
                </td>
                <td class="is-number">{formatCount(point.events, language.value)}</td>
                {measures.map((measure) => (
                  <td key={measure.name} class="is-number">
                    {formatValue(point.measures[measure.name], measure, language.value)}
                  </td>
                ))}
              </tr>
            ))}
        </tbody>
      </table>
    </div>
  );
}

function WindowState({ point: { final, corrections } }: { point: WindowPoint }) {
  const { t, language } = useDashboard();
  if (!final) return <span class="tag is-open">{t('segment.provisional')}</span>;
  if (corrections > 0)
    return <span class="tag is-corrected">{t('segment.corrected', { count: formatCount(corrections, language.value) })}</span>;
  return <span class="tag">{t('segment.final')}</span>;
}
