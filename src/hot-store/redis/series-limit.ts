/** How many series Redis holds, over all windows, and which go when there are too many. */
import type { Connection } from './connection.ts';
import { FORGET_SCRIPT, SCRIPT_ROWS } from './put-script.ts';

export interface SeriesLimit {
  /** Redis holds so many series of this window, in the index of this name. */
  count(window: string, index: string, series: number): void;
  /** Beyond the limit the series with the oldest last rows go, a tenth of the limit in advance. */
  forgetOldest(connection: Connection): Promise<void>;
}

export function createSeriesLimit(seriesMax: number): SeriesLimit {
  const seriesIn = new Map<string, { readonly index: string; readonly count: number }>();

  return {
    count: (window, index, series) => void seriesIn.set(window, { index, count: series }),

    async forgetOldest(connection) {
      const total = [...seriesIn.values()].reduce((sum, { count }) => sum + count, 0);
      const client = connection.client();
      if (total <= seriesMax || !client) return;
      const surplus = total - seriesMax + Math.floor(seriesMax / 10);
      const oldest = await Promise.all(
        [...seriesIn].map(async ([window, { index }]) =>
          (await client.zRangeWithScores(index, 0, surplus - 1)).map(({ value, score }) => ({ window, index, latest: value, score })),
        ),
      );
      const going = oldest.flat().sort((a, b) => a.score - b.score || (a.latest < b.latest ? -1 : 1));
      for (const [window, some] of Map.groupBy(going.slice(0, surplus), (each) => each.window)) {
        const { index } = some[0]!;
        for (let i = 0; i < some.length; i += SCRIPT_ROWS) {
          const part = some.slice(i, i + SCRIPT_ROWS);
          const keys = [index, ...part.flatMap(({ latest }) => [latest, `${latest}:history`])];
          const gone = await connection.run(FORGET_SCRIPT, { keys, arguments: part.map(({ score }) => String(score)) });
          seriesIn.set(window, { index, count: seriesIn.get(window)!.count - Number(gone) });
        }
      }
    },
  };
}
