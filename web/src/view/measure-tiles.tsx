import type { Episode } from '../data/alert-book.ts';
import type { PipelineFeed } from '../data/pipeline-feed.ts';
import { segmentOf } from '../data/segments.ts';
import type { Series } from '../data/series-book.ts';
import { formatValue } from '../format/number.ts';
import { useDashboard } from './context.ts';
import { Change } from './parts.tsx';
import { measurePoints, SLOTS } from './segment-card.tsx';
import { Sparkline } from './sparkline.tsx';

const NOTHING: ReadonlyMap<string, Episode> = new Map();

const COLUMNS_MAX = 7;

/** So many that all rows are about as long. */
function columnsFor(tiles: number): number {
  return Math.ceil(tiles / Math.ceil(tiles / COLUMNS_MAX));
}

/** Each measure, with its total where the pipeline counts one; choosing one shows it everywhere below. */
export function MeasureTiles({ feed, total, measure }: { feed: PipelineFeed; total: Series | undefined; measure: string }) {
  const { t, go, link, language } = useDashboard();
  const { measures, dimensions, rollups, watched } = feed.info;
  const isTotal = dimensions.length === 0 || rollups.some((rollup) => rollup.length === 0);
  const heading = t(isTotal ? 'overview.total' : 'overview.measures');
  return (
    <section class="total" aria-label={heading}>
      <h2>
        {heading}
        {total && (
          <a class="more" href={link({ page: 'segment', labels: {} })}>
            {t('overview.see_total')}
          </a>
        )}
      </h2>
      <fieldset class="tiles" style={{ '--columns': columnsFor(measures.length) }}>
        <legend class="unseen">{t('overview.measures')}</legend>
        {measures.map((each) => {
          const { name } = each;
          const segment = total && segmentOf(total, each, dimensions, NOTHING);
          return (
            <label key={name} class={name === measure ? 'tile is-chosen' : 'tile'}>
              <input
                type="radio"
                name="measure"
                class="unseen"
                checked={name === measure}
                onChange={() => go({ measure: name }, { replace: true })}
              />
              <span class="tile-name">
                {name}
                {watched.some(({ measure: one }) => one === name) && <WatchedMark />}
              </span>
              {segment && (
                <>
                  <span class="tile-value">{formatValue(segment.value, each, language.value)}</span>
                  <Change change={segment.change} />
                  <Sparkline points={measurePoints(segment.points, each)} mean={null} slots={SLOTS} height={26} />
                </>
              )}
            </label>
          );
        })}
      </fieldset>
    </section>
  );
}

/** A small bell: a detector watches this measure. */
function WatchedMark() {
  return (
    <svg class="watched" viewBox="0 0 16 16" aria-hidden="true">
      <path d="M8 1.500a1 1 0 0 1 1 1v.3c2 .5 3.200 2.200 3.200 4.500v2.500l1.300 2H2.500l1.300-2V7.300C3.800 5 5 3.300 7 2.800v-.3a1 1 0 0 1 1-1zm-1.800 11.500h3.600a1.800 1.800 0 0 1-3.600 0z" />
    </svg>
  );
}
