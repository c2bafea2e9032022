/** The chart of a scored series as SVG: what a page and a picture show alike. */
import { timeTicks, valueTicks } from './chart-axes.ts';
import { chartColumns, heightRange, valueRange, type ValueRange } from './chart-columns.ts';
import type { Episode, ScoredPoint } from './score-series.ts';
import { counted } from '../../core/counted.ts';

export interface ChartSize {
  readonly width: number;
  readonly height: number;
}

const PADDING = 8;
/** Below a chart: room for the times of its axis. */
export const AXIS_HEIGHT = 18;
/** Of a time and of a value of the axes, with room between, pixels. */
const TIME_WIDTH = 95;
const VALUE_HEIGHT = 26;
/** The band is what is expected, give or take so many standard deviations. */
export const BAND_SIGMAS = 3;

export const CHART_STYLE =
  '.paper{fill:#f7f7f8}.grid{stroke:#888;stroke-width:1;opacity:.2}.tick{font-size:11px;fill:#666;paint-order:stroke;stroke:#fff;stroke-opacity:.8;stroke-width:3px}.band{fill:#4a7fb5;opacity:.18}.value{fill:none;stroke:#345;stroke-width:1}.alarm{fill:#d22}.when{fill:#d22;opacity:.12}';

/** What goes into an `<svg>` of that size, under `CHART_STYLE`. `points`: those with a value; without any it is an empty paper. */
export function chartMarks(points: readonly ScoredPoint[], episodes: readonly Episode[], { width, height }: ChartSize): string {
  const paper = `<rect class="paper" width="${width}" height="${height}"/>`;
  if (points.length === 0) return paper;
  const [low, high] = heightRange(valueRange(points));
  const x = (index: number): number => tenths(((index + 0.5) / points.length) * width);
  const y = (value: number): number => {
    const part = (Math.max(low, Math.min(high, value)) - low) / (high - low);
    return tenths(height - PADDING - part * (height - 2 * PADDING));
  };
  const [line, top, bottom]: string[][] = [[], [], []];
  for (const { from, to, least, most, expected, spread } of chartColumns(points, width)) {
    for (const i of least === most ? [least] : [Math.min(least, most), Math.max(least, most)])
      line!.push(`${x(i)},${y(points[i]!.value!)}`);
    const middle = x((from + to - 1) / 2);
    top!.push(`${middle},${y(expected + BAND_SIGMAS * spread)}`);
    bottom!.push(`${middle},${y(expected - BAND_SIGMAS * spread)}`);
  }
  const marks = marksOf(points, episodes, x, y, height);
  const axes = axesOf(points, [low, high], x, y, { width, height });
  return `${paper}${marks.areas}${axes.lines}<polygon class="band" points="${[...top!, ...bottom!.toReversed()].join(' ')}"/><polyline class="value" points="${line!.join(' ')}"/>${marks.dots}${axes.labels}`;
}

function axesOf(
  points: readonly ScoredPoint[],
  range: ValueRange,
  x: (index: number) => number,
  y: (value: number) => number,
  { width, height }: ChartSize,
): { lines: string; labels: string } {
  let [lines, labels] = ['', ''];
  for (const { at, label } of valueTicks(range, Math.floor(height / VALUE_HEIGHT))) {
    lines += `<line class="grid" x1="0" y1="${y(at)}" x2="${width}" y2="${y(at)}"/>`;
    // Above its line, unless it would stand out of the chart.
    labels += `<text class="tick" x="3" y="${tenths(Math.max(10, y(at) - 3))}">${asMarkup(label)}</text>`;
  }
  for (const { at, label } of timeTicks(points, Math.floor(width / TIME_WIDTH))) {
    const middle = x(at);
    lines += `<line class="grid" x1="${middle}" y1="0" x2="${middle}" y2="${height}"/>`;
    if (middle < TIME_WIDTH / 3 || middle > width - TIME_WIDTH / 3) continue;
    labels += `<text class="tick" x="${middle}" y="${height + 13}" text-anchor="middle">${label}</text>`;
  }
  return { lines, labels };
}

/** Episodes whose peak is among the points. */
function marksOf(
  points: readonly ScoredPoint[],
  episodes: readonly Episode[],
  x: (index: number) => number,
  y: (value: number) => number,
  height: number,
): { areas: string; dots: string } {
  const at = new Map(points.map((point, index) => [point, index]));
  let [areas, dots] = ['', ''];
  for (const { first, last, peak } of episodes) {
    const middle = at.get(peak);
    if (middle === undefined) continue;
    const [left, right] = [x(at.get(first) ?? 0), x(at.get(last) ?? points.length - 1)];
    areas += `<rect class="when" x="${tenths(left - 1)}" y="0" width="${tenths(right - left + 2)}" height="${height}"/>`;
    dots += `<circle class="alarm" cx="${x(middle)}" cy="${y(peak.value!)}" r="3"/>`;
  }
  return { areas, dots };
}

/** `2026-03-02 09:00 to 2026-03-09 09:00, from 3 to 120`; empty without points. */
export function chartRange(points: readonly ScoredPoint[]): string {
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last) return '';
  const [low, high] = valueRange(points);
  return `${timeLabel(first.timeMs)} to ${timeLabel(last.timeMs)}, from ${valueLabel(low)} to ${valueLabel(high)}`;
}

export function chartCounts(points: readonly ScoredPoint[], episodes: readonly Episode[]): string {
  return `${counted(points.length, 'point')}, ${counted(episodes.length, 'episode')}`;
}

export function valueLabel(value: number): string {
  return String(Number(value.toPrecision(4)));
}

export function timeLabel(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 16).replace('T', ' ');
}

/** As text or within a quoted attribute; characters that XML does not know are left out. */
export function asMarkup(text: string): string {
  return text.replace(/[\p{Cc}\p{Cs}\uFFFE\uFFFF]/gu, '').replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}

function tenths(pixels: number): number {
  return Math.round(pixels * 10) / 10;
}
