/** Fills the hot store from the log: what an earlier process had in memory, or Redis before it came up empty. */
import type { LoadedPipeline } from '../../config/pipeline-config.ts';
import type { Clock } from '../../core/clock.ts';
import type { Logger } from '../../core/logger.ts';
import { HOT_HISTORY_MS, type HotStore } from '../../hot-store/hot-store.ts';
import { recordAt } from '../../log/batch.ts';
import type { Log } from '../../log/log.ts';
import type { WindowRecord } from '../../windows/row.ts';

const BATCH_BYTES = 256 << 10;

/** Puts the rows of the last 26 h of a windows topic; newer ones that come meanwhile win by their version. `now`: epoch ms. */
async function refillHotStore(hotStore: HotStore, log: Log, topic: string, now: number, signal: AbortSignal): Promise<void> {
  let offset = await log.offsetAt(topic, 0, now - HOT_HISTORY_MS);
  while (!signal.aborted) {
    const batch = await log.read(topic, 0, offset, { maxBytes: BATCH_BYTES });
    if (!batch) return;
    const records = Array.from({ length: batch.count }, (_, i) => JSON.parse(Buffer.from(recordAt(batch, i)).toString()) as WindowRecord);
    await hotStore.put(records.filter((record) => record.kind === 'row'));
    offset = batch.firstOffset + batch.count;
  }
}

export interface Refill {
  /** Puts all of it, from the beginning where that is under way already; resolves when it is done, rejects where it is broken off. */
  again(): Promise<void>;
  /** Resolves when none is under way. */
  settled(): Promise<void>;
}

export function keepFilled(
  hotStore: HotStore,
  log: Log,
  configs: readonly LoadedPipeline[],
  { clock, logger, signal }: { readonly clock: Clock; readonly logger: Logger; readonly signal: AbortSignal },
): Refill {
  let current: { readonly stop: AbortController; readonly done: Promise<void> } | undefined;

  async function fill(before: Promise<void> | undefined, until: AbortSignal): Promise<void> {
    await before?.catch(() => {});
    for (const { engine, topics } of configs) {
      await refillHotStore(hotStore, log, topics.windows, clock.now(), until);
      if (!until.aborted) await hotStore.markFilled(engine.pipeline);
    }
    if (until.aborted) throw new Error('filling the hot store was broken off');
  }

  return {
    again() {
      current?.stop.abort();
      const stop = new AbortController();
      const done = fill(current?.done, AbortSignal.any([signal, stop.signal]));
      current = { stop, done };
      done.catch((error: Error) => {
        if (!signal.aborted && !stop.signal.aborted) logger.warn(`the hot store begins empty: ${error.message}`);
      });
      return done;
    },
    settled: async () => void (await Promise.allSettled([current?.done])),
  };
}
