/** Charts of scored series as one HTML page without anything beside it: SVG, a few lines of style, no script. */
import {
  asMarkup,
  AXIS_HEIGHT,
  BAND_SIGMAS,
  CHART_STYLE,
  chartCounts,
  chartMarks,
  chartRange,
  timeLabel,
  valueLabel,
  type ChartSize,
} from './chart-svg.ts';
import type { Episode, ScoredPoint } from './score-series.ts';

/** Of the whole series, and of an episode. */
const OVERVIEW: ChartSize = { width: 1_000, height: 220 };
const CLOSE_UP: ChartSize = { width: 480, height: 160 };
/** The strongest episodes get a chart of their own. */
const CLOSE_UPS_MAX = 12;
/** Points around an episode that its chart shows. */
const AROUND_POINTS = 120;

/** One section of the page. `points`: those with a value. */
export function plotSection(title: string, points: readonly ScoredPoint[], episodes: readonly Episode[]): string {
  const positions = new Map(points.map((point, index) => [point, index]));
  const loudest = episodes.toSorted((a, b) => b.peak.evidence - a.peak.evidence).slice(0, CLOSE_UPS_MAX);
  const closeUps = loudest
    .toSorted((a, b) => a.first.timeMs - b.first.timeMs)
    .map((episode) => {
      const from = Math.max(0, (positions.get(episode.first) ?? 0) - AROUND_POINTS);
      const around = points.slice(from, (positions.get(episode.last) ?? 0) + AROUND_POINTS);
      return figure(around, episodes, CLOSE_UP, `${timeLabel(episode.first.timeMs)}: ${change(episode.peak)}`);
    });
  const rest = episodes.length > loudest.length ? `, of which the ${loudest.length} loudest are shown below` : '';
  const overview = figure(points, episodes, OVERVIEW, `${chartCounts(points, episodes)}${rest}`);
  return `<section><h2>${asMarkup(title)}</h2>${overview}<div class="close">${closeUps.join('')}</div></section>`;
}

export function plotPage(sections: readonly string[]): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>tocsin detect</title><style>
body{font:14px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:1040px;padding:0 1rem;color:#222;background:#fff}
h2{font-size:1.1rem;overflow-wrap:anywhere}figure{margin:0 0 1rem}figcaption{color:#555;font-size:.85rem}svg{width:100%;height:auto}
.close{display:grid;grid-template-columns:repeat(auto-fill,minmax(20rem,1fr));gap:1rem}
${CHART_STYLE}
@media(prefers-color-scheme:dark){body{color:#ddd;background:#181a1c}.paper{fill:#222527}figcaption{color:#aaa}.value{stroke:#bcd}.tick{fill:#aaa;stroke:#181a1c}}
</style></head><body>
<p>Line: the values. Band: what was expected, give or take ${BAND_SIGMAS} standard deviations. Red: episodes, with a dot at each alarm's loudest point. Times are UTC.</p>
${sections.join('\n')}
</body></html>
`;
}

function figure(points: readonly ScoredPoint[], episodes: readonly Episode[], size: ChartSize, caption: string): string {
  if (points.length === 0) return `<p>${asMarkup(caption)}</p>`;
  return `<figure><svg viewBox="0 0 ${size.width} ${size.height + AXIS_HEIGHT}" role="img" aria-label="${asMarkup(caption)}">${chartMarks(points, episodes, size)}</svg><figcaption>${asMarkup(caption)}<br>${chartRange(points)}</figcaption></figure>`;
}

function change({ value, expected }: ScoredPoint): string {
  return `observed ${valueLabel(value!)}, expected ${valueLabel(expected!)}`;
}
