import type { MeasureInfo, WindowPoint } from '../../../src/server/api.ts';
import { labelText } from '../../../src/core/labels.ts';
import { severityRank } from '../../../src/alerts/gravity.ts';
import type { Episode } from './alert-book.ts';
import type { Labels, Series } from './series-book.ts';
import { isAdditive } from './thin-windows.ts';

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
  /** (value - mean) / |mean| over the `RECENT_WINDOWS` finals before; null where that is undefined. */
  readonly change: number | null;
  readonly mean: number | null;
  readonly points: readonly WindowPoint[];
  readonly alert: Episode | undefined;
  /** The end of its newest window, where others have had `RECENT_WINDOWS` since: what is shown is of then, not of now. */
  readonly quietSince: string | undefined;
}

export const SORTS = ['alert', 'name', 'value', 'change'] as const;
export type Sort = (typeof SORTS)[number];

export function segmentOf(
  series: Series,
  measure: MeasureInfo,
  dimensions: readonly string[],
  firing: ReadonlyMap<string, Episode>,
  quietBefore = '',
): Segment {
  const { points } = series;
  const last = points.findLastIndex(({ final }) => final);
  // Where none is final, -1: the newest.
  const shown = points.at(last);
  const value = shown?.measures[measure.name] ?? null;
  const mean = meanBefore(points, last, measure);
  return {
    key: series.key,
    labels: series.labels,
    name: segmentName(series.labels, dimensions),
    value,
    open: shown !== undefined && !shown.final,
    change: value === null || mean === null || mean === 0 ? null : (value - mean) / Math.abs(mean),
    mean,
    points,
    alert: firing.get(series.key),
    quietSince: isQuiet(series, quietBefore) ? points.at(-1)?.window_end : undefined,
  };
}

const isQuiet = ({ points }: Series, quietBefore: string): boolean => (points.at(-1)?.window_start ?? '') < quietBefore;

/** Who has no window that begins then or later is quiet. */
function quietBeforeOf(all: readonly Series[]): string {
  let newest: WindowPoint | undefined;
  for (const { points } of all) {
    const last = points.at(-1);
    if (last && (!newest || last.window_start > newest.window_start)) newest = last;
  }
  if (!newest) return '';
  const [start, end] = [Date.parse(newest.window_start), Date.parse(newest.window_end)];
  return new Date(start - RECENT_WINDOWS * (end - start)).toISOString();
}

/**
 * The segments of a book in the order of their names. Of thousands few change at once: the others are as they were made before, and so is
 * the order while the book has the same series.
 */
export function createSegmentList(measure: MeasureInfo, dimensions: readonly string[]) {
  // By key, not by series in a WeakMap: that costs more than making them.
  const made = new Map<string, { readonly of: Series; readonly segment: Segment }>();
  let keys: readonly string[] = [];
  let order: readonly number[] = [];
  const segment = (series: Series, firing: ReadonlyMap<string, Episode>, quietBefore: string): Segment => {
    const held = made.get(series.key);
    const isSame = held?.of === series && held.segment.alert === firing.get(series.key);
    if (isSame && (held.segment.quietSince !== undefined) === isQuiet(series, quietBefore)) return held.segment;
    const next = segmentOf(series, measure, dimensions, firing, quietBefore);
    made.set(series.key, { of: series, segment: next });
    return next;
  };
  return (series: readonly Series[], firing: ReadonlyMap<string, Episode>): Segment[] => {
    if (keys.length !== series.length || series.some(({ key }, at) => key !== keys[at])) {
      keys = series.map(({ key }) => key);
      const held = new Set(keys);
      for (const key of made.keys()) if (!held.has(key)) made.delete(key);
      const names = series.map(({ labels }) => segmentName(labels, dimensions));
      order = [...series.keys()].sort((a, b) => NAMES.compare(names[a]!, names[b]!));
    }
    const quietBefore = quietBeforeOf(series);
    return order.map((at) => segment(series[at]!, firing, quietBefore));
  };
}

/** `C2` before `C10`. */
const NAMES = new Intl.Collator('en', { numeric: true });

/** Of the finals before that one: of a ratio what it is over all of them together, so that a window with hardly any events counts for hardly any. */
function meanBefore(points: readonly WindowPoint[], last: number, measure: MeasureInfo): number | null {
  let [sum, weights, left] = [0, 0, RECENT_WINDOWS];
  for (let at = last - 1; at >= 0 && left > 0; at--) {
    const point = points[at]!;
    if (!point.final) continue;
    left--;
    const value = point.measures[measure.name] ?? null;
    if (value === null) continue;
    const weight = weightOf(point, measure);
    sum += value * weight;
    weights += weight;
  }
  return weights === 0 ? null : sum / weights;
}

/** What adds up is itself how much there was: each window is one. */
function weightOf({ measures, events }: WindowPoint, { kind, denominator }: MeasureInfo): number {
  if (isAdditive(kind)) return 1;
  return Math.max(0, (denominator === undefined ? undefined : measures[denominator]) ?? events);
}

/** Values in the order of the dimensions; what is of none, as the partition that an alert is about, stands behind them; one that its events lack is a dash. */
export function segmentName(labels: Labels, dimensions: readonly string[]): string {
  return [...new Set([...dimensions, ...Object.keys(labels)])]
    .flatMap((name) => (labels[name] === undefined ? [] : labelText(name, labels[name])))
    .join(' · ');
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

/**
 * `segments`: by name, which decides where nothing else does. `value` and `change`: the largest first (a change by its size, whatever its
 * direction); what has none, or none of now, comes last.
 */
export function sortSegments(segments: readonly Segment[], sort: Sort): readonly Segment[] {
  if (sort === 'name') return segments;
  const weight: (segment: Segment) => number = {
    value: ({ value, quietSince }: Segment) => (quietSince === undefined ? (value ?? -Infinity) : -Infinity),
    change: ({ change, quietSince }: Segment) => (quietSince === undefined ? Math.abs(change ?? 0) : -Infinity),
    alert: gravity,
  }[sort];
  // -Infinity against itself is NaN, which counts as equal.
  return [...segments].sort((a, b) => weight(b) - weight(a));
}

function gravity({ alert }: Segment): number {
  return alert ? severityRank(alert.severity) : 0;
}
