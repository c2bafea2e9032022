/** The segments that `serve:` names. */
import type { LoadedPipeline } from '../../config/pipeline-config.ts';
import { nearest } from '../../config/nearest.ts';
import { labelsText, type Labels } from '../../core/labels.ts';
import type { ServedPath, Sourced } from '../../server/surface.ts';
import { mergeRows } from '../../windows/row-merge.ts';
import type { WindowRow } from '../../windows/row.ts';
import type { HotFill } from './hot-fill.ts';
import type { LatestRows } from './latest-rows.ts';
import type { OlapSide } from './olap-side.ts';

const VALUES_SHOWN = 20;

interface Deps {
  readonly latest: LatestRows;
  readonly hotFill: Pick<HotFill, 'isFilled'>;
  readonly olap: OlapSide;
}

export function servedPaths(config: LoadedPipeline, { latest, hotFill, olap }: Deps): ServedPath[] {
  const { pipeline, windows, measures } = config.engine;
  return config.serve.map(({ path, window, dimensions }): ServedPath => {
    const names = dimensions.toSorted().join();
    const all = async (of: string): Promise<Sourced<WindowRow[]>> => {
      const { source, rows } = await latest.all(of);
      return { source, rows: rows.filter(({ labels }) => Object.keys(labels).sort().join() === names) };
    };
    return {
      pipeline,
      path,
      window,
      windows: windows.map(({ name }) => name),
      dimensions,
      latest: latest.one,
      all,
      async suggest(of, labels) {
        const { rows } = await all(of);
        return hotFill.isFilled() ? suggestion(labels, of, rows) : 'not there yet: the hot store is being filled from the log; ask again';
      },
      async fromOlapStore(of, labels, { from, to }, signal) {
        const store = olap.store();
        if (!store) return undefined;
        const found: WindowRow[] = [];
        for await (const row of store.windows({ pipeline, window: of, from, to }, (page) => mergeRows(page, measures))) {
          signal.throwIfAborted();
          if (Object.keys(row.labels).length === dimensions.length && dimensions.every((name) => row.labels[name] === labels[name]))
            found.push(row);
        }
        return found;
      },
    };
  });
}

/** `no segment with country "UX" in windows of 5m yet; did you mean country "US"?` */
function suggestion(labels: Labels, window: string, rows: readonly WindowRow[]): string {
  if (rows.length === 0) return `there is no window of ${window} yet`;
  const hints = Object.entries(labels).flatMap(([name, value]) => {
    const values = [...new Set(rows.map((row) => row.labels[name] ?? ''))].sort();
    if (values.includes(value)) return [];
    const near = nearest(value, values);
    const shown = values.slice(0, VALUES_SHOWN).join(', ');
    return [
      `no ${name} ${JSON.stringify(value)}: ${near === undefined ? `there are ${shown}${values.length > VALUES_SHOWN ? ', …' : ''}` : `did you mean ${near}?`}`,
    ];
  });
  if (hints.length > 0) return `no such segment in windows of ${window}; ${hints.join('; ')}`;
  return `no segment ${labelsText(labels)} in windows of ${window}: its values are known, but never came together`;
}
