/** History out of the topic of windows: the very records that the live monitor read, in their order. */
import type { Log } from '../../log/log.ts';
import { recordedRevisions } from '../../pipeline/revision.ts';
import type { WindowRecord } from '../../windows/row.ts';
import { revisionOf } from '../../windows/row-version.ts';
import { batches, textAt } from '../readers/reading.ts';
import { BATCH_ROWS, createRecordPacker, type Emit, type HistoryWanted } from './record-packer.ts';

export async function historyFromLog(wanted: HistoryWanted, topic: string, log: Log, emit: Emit): Promise<void> {
  const isNewest = await newestRevisions(wanted.pipeline, topic, log);
  const packer = createRecordPacker(wanted);
  for await (const record of records(log, topic)) {
    if (!isNewest(record)) continue;
    packer.add(record);
    if (packer.count >= BATCH_ROWS) await emit(packer.take());
  }
  if (packer.count > 0) await emit(packer.take());
}

async function* records(log: Log, topic: string): AsyncGenerator<WindowRecord> {
  const { start, end } = await log.bounds(topic, 0);
  for await (const batch of batches(log, topic, 0, start, end)) {
    for (let i = 0; i < batch.count; i++) yield JSON.parse(textAt(batch, i)) as WindowRecord;
  }
}

/** Windows that were computed anew stand in the topic again: of each window the newest revision counts. */
async function newestRevisions(pipeline: string, topic: string, log: Log): Promise<(record: WindowRecord) => boolean> {
  const recorded = await recordedRevisions(log, pipeline);
  if (!recorded || recorded.windows.counter <= 1) return () => true;
  const newest = new Map<string, number>();
  let last = 0;
  for await (const record of records(log, topic)) {
    if (record.kind !== 'row') continue;
    last = revisionOf(record.version);
    newest.set(keyOf(record), last);
  }
  let current = 0;
  return (record) => {
    if (record.kind === 'row') {
      current = revisionOf(record.version);
      return current === newest.get(keyOf(record));
    }
    // Revisions only grow along the topic: the record that closes a window is of that of the rows before it.
    return current === (newest.get(keyOf(record)) ?? last);
  };
}

function keyOf({ window, window_start }: WindowRecord): string {
  return `${window}/${window_start}`;
}
