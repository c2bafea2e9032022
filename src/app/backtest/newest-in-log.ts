/** The OLAP store is filled out of the log, and may be behind it: what the log has by now. */
import type { Log } from '../../log/log.ts';
import { parseWindowRecord } from '../../windows/parse-row.ts';
import { batches, textAt } from '../readers/reading.ts';
import type { HistoryWanted } from './record-packer.ts';

/** The newest windows are told last. */
const RECORDS_READ = 1_000;

/** Start of the newest window of one of these sizes with final rows, epoch ms; undefined: there is none among the last records. */
export async function newestInLog(log: Log, topic: string, windows: HistoryWanted['windows']): Promise<number | undefined> {
  const { start, end } = await log.bounds(topic, 0);
  const sizes = new Set(windows.map(({ window }) => window.name));
  let newest: number | undefined;
  for await (const batch of batches(log, topic, 0, Math.max(start, end - RECORDS_READ), end)) {
    for (let i = 0; i < batch.count; i++) {
      const record = parseWindowRecord(textAt(batch, i));
      // Of a window without rows the store knows nothing.
      if (record?.kind !== 'row' || !record.final || !sizes.has(record.window)) continue;
      newest = Math.max(newest ?? -Infinity, Date.parse(record.window_start));
    }
  }
  return newest;
}
