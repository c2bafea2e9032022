/** Fills the hot store from the log: what an earlier process had in memory, or Redis before it came up empty. */
import type { LoadedPipeline } from '../../config/pipeline-config.ts';
import { sleep, type Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
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
  /** Puts all of it, from the beginning where that is under way already. */
  again(): void;
  /** Resolves when none is under way. */
  settled(): Promise<void>;
}

export interface RefillDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Ends a fill that is under way. */
  readonly signal: AbortSignal;
  /** Told each time that there is nothing left to wait for: all of it was put, or the log may not be read. */
  readonly onFilled?: () => void;
  /** One that failed is tried again after so long; undefined: it is left. */
  readonly retryMs?: number;
}

export function keepFilled(
  hotStore: HotStore,
  log: Log,
  configs: readonly LoadedPipeline[],
  { clock, logger, signal, onFilled, retryMs }: RefillDeps,
): Refill {
  let current: { readonly stop: AbortController; readonly done: Promise<void> } | undefined;

  async function fillOnce(until: AbortSignal): Promise<void> {
    for (const { engine, topics } of configs) {
      await refillHotStore(hotStore, log, topics.windows, clock.now(), until);
      if (!until.aborted) await hotStore.markFilled(engine.pipeline);
    }
    if (!until.aborted) onFilled?.();
  }

  async function fill(before: Promise<void> | undefined, until: AbortSignal): Promise<void> {
    await before;
    let said: string | undefined;
    while (!until.aborted) {
      try {
        return await fillOnce(until);
      } catch (error) {
        const { message } = error as Error;
        if (error instanceof AppError && error.code === 'log_refused') {
          logger.warn(`the hot store begins empty: ${message}`);
          return onFilled?.();
        }
        if (!until.aborted && message !== said) logger.warn(`the hot store is not filled from the log yet: ${message}`);
        said = message;
        if (retryMs === undefined) return;
        await sleep(retryMs, until);
      }
    }
  }

  return {
    again() {
      current?.stop.abort();
      const stop = new AbortController();
      current = { stop, done: fill(current?.done, AbortSignal.any([signal, stop.signal])) };
    },
    async settled() {
      // Another may have taken its place meanwhile.
      for (let seen; seen !== current;) {
        seen = current;
        await seen?.done;
      }
    },
  };
}
