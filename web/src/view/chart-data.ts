import type { Severity } from '../../../src/receivers/alert-event.ts';
import type { WindowPoint } from '../../../src/server/api.ts';
import { yardstickOf, type Episode } from '../data/alert-book.ts';

/** Columns for a chart: x in epoch ms (window starts), then what is final, then what is open. */
export type ChartColumns = [x: number[], final: (number | null)[], open: (number | null)[]];

/** A stretch of time behind the line. */
export interface Band {
  readonly from: number;
  readonly to: number;
  readonly expected: number;
  /** `expected` is a fixed limit, not learnt. */
  readonly isLimit: boolean;
  readonly firing: boolean;
  readonly severity: Severity;
}

/** The open part begins at the last final point, so that the line is one; windows that are missing or not drawn leave a gap. */
export function chartColumns(
  points: readonly WindowPoint[],
  measure: string,
  slideMs: number,
  isDrawn: (point: WindowPoint) => boolean,
): ChartColumns {
  const columns: ChartColumns = [[], [], []];
  const push = (x: number, final: number | null, open: number | null): void => {
    columns[0].push(x);
    columns[1].push(final);
    columns[2].push(open);
  };
  points.forEach((point, index) => {
    const x = Date.parse(point.window_start);
    const before = columns[0].at(-1);
    if (before !== undefined && x - before > slideMs * 1.5) push(before + slideMs, null, null);
    const value = isDrawn(point) ? (point.measures[measure] ?? null) : null;
    const next = points[index + 1];
    const leads = next !== undefined && !next.final && Date.parse(next.window_start) - x <= slideMs * 1.5;
    push(x, point.final ? value : null, !point.final || leads ? value : null);
  });
  return columns;
}

/** The episodes of one measure and window, as far as the chart reaches; what still fires reaches to its end. */
export function bandsOf(episodes: readonly Episode[], measure: string, window: string, until: number): Band[] {
  return episodes
    .filter((episode) => episode.measure === measure && episode.window === window)
    .map((episode) => ({
      from: Date.parse(episode.since),
      to: episode.resolved_time === null ? until : Date.parse(episode.resolved_time),
      expected: episode.expected_value,
      isLimit: yardstickOf(episode) === 'limit',
      firing: episode.status === 'firing',
      severity: episode.severity,
    }));
}

/** So many final windows show by themselves how high a chart is. */
const FINALS_ENOUGH = 3;

/**
 * What sets the scale: what is final, as a window that has just begun says too little to stretch it, unless there is hardly anything else.
 * `isGrowing`: what is open only ever gets more, so that it is as high as it is, from the first moment.
 */
export function scaleValues([, final, open = []]: readonly ArrayLike<number | null | undefined>[], isGrowing: boolean): number[] {
  const numbers = (column: ArrayLike<number | null | undefined> = []): number[] =>
    Array.from(column).filter((value) => typeof value === 'number');
  const finals = numbers(final);
  return isGrowing || finals.length < FINALS_ENOUGH ? [...finals, ...numbers(open)] : finals;
}

/** Values that are all the same have some height too: about nothing a whole one, so that no two labels of the axis read the same. */
export function heightened(low: number, high: number): [low: number, high: number] {
  return [low, high > low ? high : low + (low === 0 ? 1 : Math.abs(low) * 0.1)];
}

/** Labels of an axis, each once: lines that lie closer than a label tells stay without one. */
export function distinct(labels: readonly string[]): string[] {
  return labels.map((label, at) => (label === labels[at - 1] ? '' : label));
}

/** Indices of the values without one on either side: no line leads to them. */
export function lonePoints(column: ArrayLike<number | null | undefined>): number[] {
  const has = (at: number): boolean => typeof column[at] === 'number';
  return Array.from(column, (_, at) => at).filter((at) => has(at) && !has(at - 1) && !has(at + 1));
}

const WORDS_GAP = 3;

/**
 * The lower edge of words about the height `at` which no line crosses: beside it, else above or below all of the line. `line`: from where to
 * where each piece of it goes there. Pixels from above; where there is no clear place, right above `at`.
 */
export function clearOf(
  line: readonly (readonly [number, number])[],
  { at, height, top, bottom }: { readonly at: number; readonly height: number; readonly top: number; readonly bottom: number },
): number {
  const [highest, lowest] = [Math.min(...line.flat()), Math.max(...line.flat())];
  const [above, below] = [(y: number): number => y - WORDS_GAP, (y: number): number => y + WORDS_GAP + height];
  const isClear = (edge: number): boolean =>
    edge - height >= top && edge <= bottom && line.every((piece) => edge <= Math.min(...piece) || edge - height >= Math.max(...piece));
  return [above(at), below(at), above(highest), below(lowest)].find(isClear) ?? Math.max(top + height, above(at));
}
