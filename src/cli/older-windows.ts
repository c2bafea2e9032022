/** Windows of a pipeline for a command, with those that the log keeps no more where the OLAP store has them. */
import type { PipelineRecord } from '../pipeline/pipeline-record.ts';
import type { Reading } from '../app/readers/reading.ts';
import { lacksOlder, readWindows, type WindowsQuery } from '../app/readers/windows.ts';
import { systemClock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import type { WindowRow } from '../windows/row.ts';
import type { Terminal } from './terminal.ts';

/** `olapStore`: default as the pipeline was run. Where it is away a line says so, and the log's rows are all there are. */
export async function withWindows<T>(
  { log, dir }: Pick<Reading, 'log' | 'dir'>,
  pipeline: PipelineRecord,
  query: WindowsQuery,
  { olapStore, terminal }: { readonly olapStore: string | undefined; readonly terminal: Pick<Terminal, 'note'> },
  work: (rows: AsyncIterable<WindowRow>) => Promise<T>,
): Promise<T> {
  const older = (await lacksOlder(log, pipeline, query)) ? await olderRows() : undefined;
  try {
    return await work(readWindows(log, pipeline, query, older && { older: older.rows }));
  } finally {
    await older?.close();
  }

  async function olderRows() {
    try {
      // Seldom needed, and the store's client is large.
      const { openOlderRows } = await import('../app/readers/older-rows.ts');
      return await openOlderRows(dir, pipeline.name, olapStore ?? pipeline.olapStore, { clock: systemClock });
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      terminal.note(`warning: the oldest windows are no longer in the log, and not to be had from the OLAP store: ${error.message}`);
      return undefined;
    }
  }
}
