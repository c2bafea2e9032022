/** Fills the hot store from the log at a start: what an earlier process had in memory. */
import type { HotStore } from '../hot-store/hot-store.ts';
import { HOT_HISTORY_MS } from '../hot-store/hot-store.ts';
import { recordAt } from '../log/batch.ts';
import type { Log } from '../log/log.ts';
import type { WindowRecord } from '../windows/row.ts';

const BATCH_BYTES = 256 << 10;

/** Puts the rows of the last 26 h of a windows topic; newer ones that come meanwhile win by their version. `now`: epoch ms. */
export async function refillHotStore(hotStore: HotStore, log: Log, topic: string, now: number, signal: AbortSignal): Promise<void> {
  let offset = await log.offsetAt(topic, 0, now - HOT_HISTORY_MS);
  while (!signal.aborted) {
    const batch = await log.read(topic, 0, offset, { maxBytes: BATCH_BYTES });
    if (!batch) return;
    const records = Array.from({ length: batch.count }, (_, i) => JSON.parse(Buffer.from(recordAt(batch, i)).toString()) as WindowRecord);
    await hotStore.put(records.filter((record) => record.kind === 'row'));
    offset = batch.firstOffset + batch.count;
  }
}
