/** Charts of scored series as one PNG, one below the other: for chats and reports. The page of `plot.ts` shows more. */
import { readFile } from 'node:fs/promises';
import { initWasm, Resvg } from '@resvg/resvg-wasm';
import { asMarkup, AXIS_HEIGHT, CHART_STYLE, chartCounts, chartMarks, chartRange, type ChartSize } from './chart-svg.ts';
import type { Episode, ScoredPoint } from './score-series.ts';

export interface Picture {
  /** `points`: those with a value. Series beyond `PICTURE_SERIES_MAX` are left out. */
  add(title: string, points: readonly ScoredPoint[], episodes: readonly Episode[]): void;
  png(): Promise<Uint8Array>;
}

/** More than that is no picture: a page can be scrolled and searched. */
export const PICTURE_SERIES_MAX = 40;

const CHART: ChartSize = { width: 1_000, height: 220 };
const HEADING = 40;
const MARGIN = 20;
const HEIGHT = HEADING + CHART.height + Math.max(MARGIN, AXIS_HEIGHT);
/** Latin letters of a title that fit above a chart; Korean ones are twice as wide. */
const TITLE_LETTERS = 125;

/** Holds Korean letters and Latin ones without accents, which is what names of files here are made of; others are left blank. */
const FONT_FAMILY = 'Nanum Gothic';
const FONT_FILE = import.meta.resolve('@fontsource/nanum-gothic/files/nanum-gothic-korean-400-normal.woff2');
const RENDERER_FILE = import.meta.resolve('@resvg/resvg-wasm/index_bg.wasm');
const STYLE = `text{font-size:14px;fill:#222}.note{font-size:12px;fill:#666}${CHART_STYLE}`;

export function createPicture(): Picture {
  const charts: string[] = [];
  return {
    add(title, points, episodes) {
      if (charts.length === PICTURE_SERIES_MAX) return;
      const range = points.length === 0 ? '' : `, ${chartRange(points)}, times in UTC`;
      charts.push(
        `<g transform="translate(${MARGIN} ${MARGIN + charts.length * HEIGHT})"><text y="12">${asMarkup(fitting(drawable(title)))}</text>` +
          `<text class="note" y="30">${asMarkup(`${chartCounts(points, episodes)}${range}`)}</text>` +
          `<g transform="translate(0 ${HEADING})">${chartMarks(points, episodes, CHART)}</g></g>`,
      );
    },
    png() {
      const [width, height] = [CHART.width + 2 * MARGIN, MARGIN + charts.length * HEIGHT];
      return rendered(
        `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><style>${STYLE}</style>${charts.join('')}</svg>`,
      );
    },
  };
}

/** Latin letters without their accents; Korean ones in one piece, which macOS takes apart in names of files. */
function drawable(title: string): string {
  const bare = title.normalize('NFD').replace(/(\p{Script=Latin})\p{M}+/gu, '$1');
  return bare.replace(/[ŁłĐđı]/g, (letter) => NEAREST[letter]!).normalize('NFC');
}

/** Of letters whose accent Unicode does not tell apart. */
const NEAREST: Readonly<Record<string, string>> = { Ł: 'L', ł: 'l', Đ: 'D', đ: 'd', ı: 'i' };

/** The end of a path says more than its beginning. */
function fitting(title: string): string {
  const letters = [...title];
  let room = TITLE_LETTERS;
  const from = letters.findLastIndex((letter) => (room -= letter >= '\u1100' ? 2 : 1) < 0) + 1;
  return from === 0 ? title : `…${letters.slice(from).join('')}`;
}

async function rendered(svg: string): Promise<Uint8Array> {
  const [wasm, font] = await Promise.all([readFile(new URL(RENDERER_FILE)), readFile(new URL(FONT_FILE))]);
  await initWasm(wasm).catch((error: unknown) => {
    // Once a process is enough.
    if (!String(error).includes('Already initialized')) throw error;
  });
  return new Resvg(svg, { background: '#fff', font: { fontBuffers: [font], defaultFontFamily: FONT_FAMILY } }).render().asPng();
}
