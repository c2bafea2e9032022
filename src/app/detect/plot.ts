/** Charts of scored series as one HTML page without anything beside it: SVG, a few lines of style, no script. */
import { chartColumns, valueRange } from './chart-columns.ts';
import type { Episode, ScoredPoint } from './score-series.ts';

/** Of the whole series, and of an episode. */
const OVERVIEW = { width: 1_000, height: 220 } as const;
const CLOSE_UP = { width: 480, height: 160 } as const;
/** The strongest episodes get a chart of their own. */
const CLOSE_UPS_MAX = 12;
/** Points around an episode that its chart shows. */
const AROUND_POINTS = 120;
const PADDING = 8;
/** The band is what is expected, give or take so many standard deviations. */
const BAND_SIGMAS = 3;

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
  const summary = `${points.length.toLocaleString('en-US')} points, ${episodes.length} episode${episodes.length === 1 ? '' : 's'}${rest}`;
  return `<section><h2>${escape(title)}</h2>${figure(points, episodes, OVERVIEW, summary)}<div class="close">${closeUps.join('')}</div></section>`;
}

export function plotPage(sections: readonly string[]): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>tocsin detect</title><style>
body{font:14px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:1040px;padding:0 1rem;color:#222;background:#fff}
h2{font-size:1.1rem;overflow-wrap:anywhere}figure{margin:0 0 1rem}figcaption{color:#555;font-size:.85rem}svg{width:100%;height:auto;background:#f7f7f8}
.close{display:grid;grid-template-columns:repeat(auto-fill,minmax(20rem,1fr));gap:1rem}
.band{fill:#4a7fb5;opacity:.18}.value{fill:none;stroke:#345;stroke-width:1}.alarm{fill:#d22}.when{fill:#d22;opacity:.12}
@media(prefers-color-scheme:dark){body{color:#ddd;background:#181a1c}svg{background:#222527}figcaption{color:#aaa}.value{stroke:#bcd}}
</style></head><body>
<p>Line: the values. Band: what was expected, give or take ${BAND_SIGMAS} standard deviations. Red: episodes, with a dot at each alarm's loudest point. Times are UTC.</p>
${sections.join('\n')}
</body></html>
`;
}

interface Size {
  readonly width: number;
  readonly height: number;
}

function figure(points: readonly ScoredPoint[], episodes: readonly Episode[], { width, height }: Size, caption: string): string {
  if (points.length === 0) return `<p>${escape(caption)}</p>`;
  const [low, high] = valueRange(points);
  const x = (index: number): number => Math.round(((index + 0.5) / points.length) * width * 10) / 10;
  const y = (value: number): number => {
    const part = (Math.max(low, Math.min(high, value)) - low) / (high - low);
    return Math.round((height - PADDING - part * (height - 2 * PADDING)) * 10) / 10;
  };
  const [line, top, bottom]: string[][] = [[], [], []];
  for (const { from, to, least, most, expected, spread } of chartColumns(points, width)) {
    for (const i of least === most ? [least] : [Math.min(least, most), Math.max(least, most)])
      line!.push(`${x(i)},${y(points[i]!.value!)}`);
    const middle = x((from + to - 1) / 2);
    top!.push(`${middle},${y(expected + BAND_SIGMAS * spread)}`);
    bottom!.push(`${middle},${y(expected - BAND_SIGMAS * spread)}`);
  }
  const [start, end] = [points[0]!.timeMs, points.at(-1)!.timeMs];
  const marks = episodes.flatMap((episode) => marksOf(episode, points, x, y, height, start, end));
  return `<figure><svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escape(caption)}">${marks.map(({ area }) => area).join('')}<polygon class="band" points="${[...top!, ...bottom!.toReversed()].join(' ')}"/><polyline class="value" points="${line!.join(' ')}"/>${marks.map(({ dot }) => dot).join('')}</svg><figcaption>${escape(caption)}<br>${timeLabel(start)} to ${timeLabel(end)}, from ${valueLabel(low)} to ${valueLabel(high)}</figcaption></figure>`;
}

function marksOf(
  { first, last, peak }: Episode,
  points: readonly ScoredPoint[],
  x: (index: number) => number,
  y: (value: number) => number,
  height: number,
  start: number,
  end: number,
): { area: string; dot: string }[] {
  if (last.timeMs < start || first.timeMs > end) return [];
  const at = points.indexOf(peak);
  if (at < 0) return [];
  const left = x(Math.max(0, points.indexOf(first)));
  const right = x(Math.max(0, points.indexOf(last)));
  return [
    {
      area: `<rect class="when" x="${left - 1}" y="0" width="${Math.round((right - left + 2) * 10) / 10}" height="${height}"/>`,
      dot: `<circle class="alarm" cx="${x(at)}" cy="${y(peak.value!)}" r="3"/>`,
    },
  ];
}

function change({ value, expected }: ScoredPoint): string {
  return `observed ${valueLabel(value!)}, expected ${valueLabel(expected!)}`;
}

export function valueLabel(value: number): string {
  return String(Number(value.toPrecision(4)));
}

export function timeLabel(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 16).replace('T', ' ');
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
