import type { WindowPoint } from '../../../src/server/api.ts';

export type Labels = Readonly<Record<string, string>>;

export interface Series {
  readonly key: string;
  readonly labels: Labels;
  /** By window start, each window once. */
  readonly points: readonly WindowPoint[];
}

/**
 * The points of many series, bounded: per series the newest `pointsMax`, of many series as many as make `pointsInAll`, but `pointsLeast`;
 * series beyond `seriesMax` are counted, not kept, unless others have brought nothing for `pointsLeast` windows: those make room.
 * A series that is handed out never changes: another object means other points.
 */
export interface SeriesBook {
  /** True where anything changed. A point of a lower version than the one held is old news. */
  put(points: readonly WindowPoint[]): boolean;
  all(): readonly Series[];
  get(labels: Labels): Series | undefined;
  /** Series that were seen but not kept. */
  left(): number;
}

export interface SeriesLimits {
  readonly pointsMax: number;
  readonly pointsLeast: number;
  readonly pointsInAll: number;
  readonly seriesMax: number;
}

export function createSeriesBook(limits: SeriesLimits): SeriesBook {
  const kept = new Map<string, Held>();
  const left = new Set<string>();
  /** Of all points that came. */
  let newest = '';
  let sweptAt = '';

  /** Once a window at most: all are looked through. */
  const makeRoom = ({ window_start: start, window_end: end }: WindowPoint): void => {
    if (newest === sweptAt) return;
    sweptAt = newest;
    const oldest = Date.parse(newest) - limits.pointsLeast * (Date.parse(end) - Date.parse(start));
    for (const [key, { points }] of kept) if (Date.parse(points.at(-1)!.window_start) < oldest) kept.delete(key);
    // Who still brings something comes again.
    left.clear();
  };

  const putOne = (point: WindowPoint): boolean => {
    const key = labelsKey(point.labels);
    if (point.window_start > newest) newest = point.window_start;
    let series = kept.get(key);
    if (!series) {
      if (kept.size >= limits.seriesMax) makeRoom(point);
      if (kept.size >= limits.seriesMax) {
        // The count itself is bounded as well: past this many, "more" is all one needs to know.
        if (left.size < limits.seriesMax) left.add(key);
        return false;
      }
      series = { key, labels: point.labels, points: [], shown: undefined };
      kept.set(key, series);
      left.delete(key);
    }
    const fair = Math.max(limits.pointsLeast, Math.floor(limits.pointsInAll / kept.size));
    const changed = insert(series.points, point, Math.min(limits.pointsMax, fair));
    if (changed) series.shown = undefined;
    return changed;
  };

  return {
    put: (points) => points.reduce((changed, point) => putOne(point) || changed, false),
    all: () => [...kept.values()].map(show),
    get: (labels) => {
      const series = kept.get(labelsKey(labels));
      return series && show(series);
    },
    left: () => left.size,
  };
}

interface Held {
  readonly key: string;
  readonly labels: Labels;
  readonly points: WindowPoint[];
  /** Made when asked for, dropped when the points change. */
  shown: Series | undefined;
}

function show(series: Held): Series {
  series.shown ??= { key: series.key, labels: series.labels, points: series.points.slice() };
  return series.shown;
}

/** Nearly all points are the newest or the one before: looked for from the end. */
function insert(points: WindowPoint[], point: WindowPoint, pointsMax: number): boolean {
  let at = points.length;
  while (at > 0 && points[at - 1]!.window_start > point.window_start) at--;
  const held = points[at - 1];
  if (held?.window_start === point.window_start) {
    if (compareVersions(point.version, held.version) <= 0) return false;
    points[at - 1] = point;
    return true;
  }
  if (at === 0 && points.length >= pointsMax) return false;
  points.splice(at, 0, point);
  while (points.length > pointsMax) points.shift();
  return true;
}

/** Versions are UInt64 as text without leading zeros: too large for a number. */
export function compareVersions(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** One text per set of labels, whatever their order. */
export function labelsKey(labels: Labels): string {
  return JSON.stringify(
    Object.keys(labels)
      .sort()
      .map((name) => [name, labels[name]]),
  );
}
