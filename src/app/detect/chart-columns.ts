/** A scored series as columns of a chart: at most one a pixel, each with the least and the greatest of its points, so that no spike is lost. */
import type { ScoredPoint } from './score-series.ts';

export interface ChartColumn {
  /** Of its points, which follow each other; the last one not in it. */
  readonly from: number;
  readonly to: number;
  /** Indexes of the points of the least and the greatest value. */
  readonly least: number;
  readonly most: number;
  /** Means of its points. */
  readonly expected: number;
  readonly spread: number;
}

/** `points` have a value, all of them. */
export function chartColumns(points: readonly ScoredPoint[], width: number): ChartColumn[] {
  const count = Math.min(points.length, width);
  return Array.from({ length: count }, (_, column) => {
    const from = Math.floor((column * points.length) / count);
    const to = Math.max(from + 1, Math.floor(((column + 1) * points.length) / count));
    let [least, most, expected, spread] = [from, from, 0, 0];
    for (let i = from; i < to; i++) {
      const point = points[i]!;
      if (point.value! < points[least]!.value!) least = i;
      if (point.value! > points[most]!.value!) most = i;
      expected += point.expected! / (to - from);
      spread += point.spread / (to - from);
    }
    return { from, to, least, most, expected, spread };
  });
}

export type ValueRange = readonly [low: number, high: number];

/** The least and the greatest value. */
export function valueRange(points: readonly ScoredPoint[]): ValueRange {
  let [low, high] = [Infinity, -Infinity];
  for (const { value } of points) {
    low = Math.min(low, value!);
    high = Math.max(high, value!);
  }
  return [low, high];
}

/** What a chart's height stands for: room around values that are all the same, a tenth, so that it is never lost in rounding. */
export function heightRange([low, high]: ValueRange): ValueRange {
  const room = low < high ? 0 : low === 0 ? 1 : Math.abs(low) * 0.1;
  return [low - room, high + room];
}
