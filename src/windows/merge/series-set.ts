/** Series that changed: noted as they come, told apart when somebody asks. Most windows of a backlog are over before anybody does. */
import { createPace, type Sliced } from '../../core/slices.ts';
import type { SeriesKey } from '../cells.ts';

export interface SeriesSet {
  /** They must stay as they are. */
  add(series: Iterable<SeriesKey>): void;
  /** Each once. */
  all(): Sliced<ReadonlySet<SeriesKey>>;
  clear(): void;
}

export function createSeriesSet(): SeriesSet {
  let noted: Iterable<SeriesKey>[] = [];
  const known = new Set<SeriesKey>();

  return {
    add: (series) => void noted.push(series),
    *all() {
      const isDue = createPace();
      for (const series of noted) {
        for (const key of series) {
          known.add(key);
          if (isDue()) yield;
        }
      }
      noted = [];
      return known;
    },
    clear() {
      noted = [];
      known.clear();
    },
  };
}
