/** What `--plot` writes: a page, or a picture, by the name of the file. */
import { createPicture, PICTURE_SERIES_MAX } from './picture.ts';
import { plotPage, plotSection } from './plot.ts';
import type { Episode, ScoredPoint } from './score-series.ts';

export interface Charts {
  /** `points`: those with a value. */
  add(title: string, points: readonly ScoredPoint[], episodes: readonly Episode[]): void;
  readonly series: number;
  file(): Promise<string | Uint8Array>;
  /** What the file does not show, for people. */
  readonly note: string | undefined;
}

/** Undefined: the name is of neither form. */
export function createCharts(path: string): Charts | undefined {
  if (/\.html?$/i.test(path)) return createPage();
  return /\.png$/i.test(path) ? createPictures() : undefined;
}

function createPage(): Charts {
  const sections: string[] = [];
  return {
    add: (title, points, episodes) => void sections.push(plotSection(title, points, episodes)),
    get series() {
      return sections.length;
    },
    file: () => Promise.resolve(plotPage(sections)),
    note: undefined,
  };
}

function createPictures(): Charts {
  const picture = createPicture();
  let series = 0;
  return {
    add(title, points, episodes) {
      series++;
      picture.add(title, points, episodes);
    },
    get series() {
      return series;
    },
    file: () => picture.png(),
    get note() {
      if (series <= PICTURE_SERIES_MAX) return undefined;
      return `the picture shows the first ${PICTURE_SERIES_MAX} of ${series} series; an HTML file shows all`;
    },
  };
}
