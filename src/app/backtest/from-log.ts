/** History out of the topic of windows: the very records that the live monitor read, in their order. */
import type { Clock } from '../../core/clock.ts';
import { createBreath } from '../../core/slices.ts';
import type { Log } from '../../log/log.ts';
import { recordedRevisions } from '../../pipeline/revision.ts';
import type { WindowRecord } from '../../windows/row.ts';
import { revisionOf } from '../../windows/row-version.ts';
import { batches, textAt } from '../readers/reading.ts';
import { BATCH_ROWS, createRecordPacker, type Emit, type HistoryWanted } from './record-packer.ts';

export interface LogDeps {
  readonly clock: Clock;
  /** Ends it before its end. */
  readonly signal?: AbortSignal;
}

export async function historyFromLog(wanted: HistoryWanted, topic: string, log: Log, emit: Emit, deps: LogDeps): Promise<void> {
  const isNewest = await newestRevisions(wanted.pipeline, topic, log, deps);
  const packer = createRecordPacker(wanted);
  for await (const record of records(log, topic, deps)) {
    if (!isNewest(record)) continue;
    packer.add(record);
    if (packer.count >= BATCH_ROWS) await emit(packer.take());
  }
  if (packer.count > 0) await emit(packer.take());
}

async function* records(log: Log, topic: string, { clock, signal }: LogDeps): AsyncGenerator<WindowRecord> {
  const { start, end } = await log.bounds(topic, 0);
  // Reading the embedded log gives way to nobody: without that the signal would not come through.
  const breath = createBreath(clock.elapsed);
  for await (const batch of batches(log, topic, 0, start, end)) {
    await breath();
    signal?.throwIfAborted();
    for (let i = 0; i < batch.count; i++) yield JSON.parse(textAt(batch, i)) as WindowRecord;
  }
}

/** Windows that were computed anew stand in the topic again: of each window the newest revision counts. */
async function newestRevisions(pipeline: string, topic: string, log: Log, deps: LogDeps): Promise<(record: WindowRecord) => boolean> {
  const recorded = await recordedRevisions(log, pipeline);
  if (!recorded || recorded.windows.counter <= 1) return () => true;
  const newest = new Map<string, number>();
  let last = 0;
  for await (const record of records(log, topic, deps)) {
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
