import type { WindowPoint } from '../../../src/server/api.ts';
import { severityRank, type Episode } from './alert-book.ts';
import type { Labels, Series } from './series-book.ts';

/** Windows that a change is measured against. */
export const RECENT_WINDOWS = 12;

/** What a card shows of a series, for one measure. */
export interface Segment {
  readonly key: string;
  readonly labels: Labels;
  /** Values of the labels in the order of the dimensions, `US · banner`; '' for the total. */
  readonly name: string;
  /** Of the newest final window; where there is none yet, of the open one. */
  readonly value: number | null;
  readonly open: boolean;
  /** (value - mean) / mean over the `RECENT_WINDOWS` finals before; null where that is undefined. */
  readonly change: number | null;
  readonly mean: number | null;
  readonly points: readonly WindowPoint[];
  readonly alert: Episode | undefined;
}

export const SORTS = ['alert', 'name', 'value', 'change'] as const;
export type Sort = (typeof SORTS)[number];

export function segmentOf(series: Series, measure: string, dimensions: readonly string[], firing: ReadonlyMap<string, Episode>): Segment {
  const finals = series.points.filter(({ final }) => final);
  const shown = finals.at(-1) ?? series.points.at(-1);
  const value = shown?.measures[measure] ?? null;
  const before = finals.slice(-RECENT_WINDOWS - 1, -1).flatMap((point) => point.measures[measure] ?? []);
  const mean = before.length === 0 ? null : before.reduce((sum, each) => sum + each, 0) / before.length;
  return {
    key: series.key,
    labels: series.labels,
    name: segmentName(series.labels, dimensions),
    value,
    open: shown !== undefined && !shown.final,
    change: value === null || mean === null || mean === 0 ? null : (value - mean) / Math.abs(mean),
    mean,
    points: series.points,
    alert: firing.get(series.key),
  };
}

export function segmentName(labels: Labels, dimensions: readonly string[]): string {
  return dimensions.flatMap((dimension) => labels[dimension] ?? []).join(' · ');
}

/** The dimensions a series has are exactly these. */
export function hasDimensions(labels: Labels, dimensions: readonly string[]): boolean {
  return Object.keys(labels).length === dimensions.length && dimensions.every((dimension) => dimension in labels);
}

/** Every word of the text is somewhere in the name, in any case. */
export function matches(segment: Segment, text: string): boolean {
  const name = segment.name.toLowerCase();
  return text
    .toLowerCase()
    .split(/\s+/)
    .every((word) => name.includes(word));
}

/** `value` and `change`: the largest first (a change by its size, whatever its direction); what has none comes last. */
export function sortSegments(segments: readonly Segment[], sort: Sort): Segment[] {
  const byName = (a: Segment, b: Segment): number => a.name.localeCompare(b.name);
  const orders: Record<Sort, (a: Segment, b: Segment) => number> = {
    name: byName,
    value: (a, b) => (b.value ?? -Infinity) - (a.value ?? -Infinity) || byName(a, b),
    change: (a, b) => Math.abs(b.change ?? 0) - Math.abs(a.change ?? 0) || byName(a, b),
    alert: (a, b) => gravity(b) - gravity(a) || byName(a, b),
  };
  // -Infinity against itself is NaN, which `||` lets pass on to the name.
  return [...segments].sort(orders[sort]);
}

function gravity({ alert }: Segment): number {
  return alert ? severityRank(alert.severity) : 0;
}
