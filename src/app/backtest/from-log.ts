/** History out of the topic of windows: the very records that the live monitor read, in their order. */
import type { Clock } from '../../core/clock.ts';
import { createBreath } from '../../core/slices.ts';
import type { Log } from '../../log/log.ts';
import { recordedRevisions } from '../../pipeline/revision.ts';
import { parseWindowRecord } from '../../windows/parse-row.ts';
import type { WindowRecord } from '../../windows/row.ts';
import { revisionOf } from '../../windows/row-version.ts';
import { batches, textAt } from '../readers/reading.ts';
import { createNewestRevisions } from './newest-revisions.ts';
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
    for (let i = 0; i < batch.count; i++) {
      const record = parseWindowRecord(textAt(batch, i));
      if (record) yield record;
    }
  }
}

/** Whether a record is of the newest revision that its window has. */
async function newestRevisions(pipeline: string, topic: string, log: Log, deps: LogDeps): Promise<(record: WindowRecord) => boolean> {
  const recorded = await recordedRevisions(log, pipeline);
  if (!recorded || recorded.windows.counter <= 1) return () => true;
  const newest = createNewestRevisions();
  for await (const record of records(log, topic, deps)) if (record.kind === 'row') newest.note(record);
  let current = 0;
  return (record) => {
    // The record that closes a window is of the revision of the rows before it.
    if (record.kind === 'row') current = revisionOf(record.version);
    return current === newest.of(record);
  };
}
