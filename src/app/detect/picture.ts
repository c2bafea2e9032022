/** Charts of scored series as one PNG, one below the other: for chats and reports. The page of `plot.ts` shows more. */
import { chartColumns, valueRange } from './chart-columns.ts';
import { timeLabel, valueLabel } from './plot.ts';
import { createRaster, LETTER_WIDTH, type Color, type Raster } from './raster.ts';
import type { Episode, ScoredPoint } from './score-series.ts';

export interface Picture {
  /** `points`: those with a value. Series beyond `PICTURE_SERIES_MAX` are left out. */
  add(title: string, points: readonly ScoredPoint[], episodes: readonly Episode[]): void;
  png(): Uint8Array;
}

/** More than that is no picture: a page can be scrolled and searched. */
export const PICTURE_SERIES_MAX = 40;

const WIDTH = 1_000;
const CHART_HEIGHT = 200;
const HEADING = 34;
const MARGIN = 20;
const HEIGHT = HEADING + CHART_HEIGHT + MARGIN;
const INNER = WIDTH - 2 * MARGIN;
/** As on the page. */
const BAND_SIGMAS = 3;

const WHITE: Color = [255, 255, 255];
const PAPER: Color = [247, 247, 248];
const BLUE: Color = [74, 127, 181];
const INK: Color = [51, 68, 85];
const GREY: Color = [110, 110, 110];
const RED: Color = [221, 34, 34];

export function createPicture(): Picture {
  const drawn: ((raster: Raster, top: number) => void)[] = [];
  return {
    add(title, points, episodes) {
      if (drawn.length < PICTURE_SERIES_MAX) drawn.push((raster, top) => drawChart(raster, top, title, points, episodes));
    },
    png() {
      const raster = createRaster(WIDTH, MARGIN + drawn.length * HEIGHT, WHITE);
      drawn.forEach((draw, index) => draw(raster, MARGIN + index * HEIGHT));
      return raster.png();
    },
  };
}

function drawChart(raster: Raster, top: number, title: string, points: readonly ScoredPoint[], episodes: readonly Episode[]): void {
  const letters = Math.floor(INNER / LETTER_WIDTH);
  raster.text(MARGIN, top, title.length > letters ? `..${title.slice(2 - letters)}` : title, INK);
  raster.text(MARGIN, top + 16, captionOf(points, episodes), GREY);
  const upper = top + HEADING;
  raster.fill(MARGIN, upper, INNER, CHART_HEIGHT, PAPER);
  if (points.length === 0) return;
  const [low, high] = valueRange(points);
  const x = (index: number): number => MARGIN + Math.floor(((index + 0.5) / points.length) * INNER);
  const y = (value: number): number => {
    const part = (Math.max(low, Math.min(high, value)) - low) / (high - low);
    return Math.round(upper + CHART_HEIGHT - 6 - part * (CHART_HEIGHT - 12));
  };
  const at = new Map(points.map((point, index) => [point, index]));
  for (const { first, last } of episodes) {
    const [from, to] = [x(at.get(first) ?? 0), x(at.get(last) ?? 0)];
    raster.fill(from - 1, upper, to - from + 3, CHART_HEIGHT, RED, 0.14);
  }
  const columns = chartColumns(points, INNER);
  for (const { from, to, expected, spread } of columns) {
    const [above, below] = [y(expected + BAND_SIGMAS * spread), y(expected - BAND_SIGMAS * spread)];
    const left = MARGIN + (from / points.length) * INNER;
    raster.fill(left, above, Math.max(1, ((to - from) / points.length) * INNER), Math.max(1, below - above), BLUE, 0.2);
  }
  let [lastX, lastY] = [x(0), y(points[0]!.value!)];
  for (const { least, most } of columns) {
    for (const index of least < most ? [least, most] : [most, least]) {
      const [nextX, nextY] = [x(index), y(points[index]!.value!)];
      raster.line(lastX, lastY, nextX, nextY, INK);
      [lastX, lastY] = [nextX, nextY];
    }
  }
  for (const { peak } of episodes) raster.fill(x(at.get(peak) ?? 0) - 3, y(peak.value!) - 3, 7, 7, RED);
}

function captionOf(points: readonly ScoredPoint[], episodes: readonly Episode[]): string {
  const counts = `${points.length} points, ${episodes.length} episode${episodes.length === 1 ? '' : 's'}`;
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last) return counts;
  const [low, high] = valueRange(points);
  return `${counts}, ${timeLabel(first.timeMs)} to ${timeLabel(last.timeMs)} UTC, from ${valueLabel(low)} to ${valueLabel(high)}`;
}
