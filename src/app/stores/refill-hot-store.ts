/** Fills the hot store from the log: what an earlier process had in memory, or Redis before it came up empty. */
import type { LoadedPipeline } from '../../config/pipeline-config.ts';
import { sleep, type Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import type { Logger } from '../../core/logger.ts';
import { HOT_HISTORY_MS, type HotStore } from '../../hot-store/hot-store.ts';
import { recordAt } from '../../log/batch.ts';
import type { Log, RecordBatch } from '../../log/log.ts';
import { parseWindowRecord } from '../../windows/parse-row.ts';
import type { WindowRecord } from '../../windows/row.ts';

const BATCH_BYTES = 256 << 10;

/** So many records at the end of a topic tell how far it is. */
const TAIL_RECORDS = 1_000;

/** What others wrote is left out. */
const recordsOf = (batch: RecordBatch): WindowRecord[] =>
  Array.from({ length: batch.count }, (_, i) => parseWindowRecord(Buffer.from(recordAt(batch, i)).toString())).filter(
    (record) => record !== undefined,
  );

/**
 * From where on the rows of the last 26 h stand in a windows topic. The store counts back from its newest window, which may be long over by
 * `now` (epoch ms): a pipeline that stood still still has a last day. No row is appended before its window's end.
 */
async function beginning(log: Log, { engine, topics }: LoadedPipeline, now: number): Promise<number> {
  const { start, end } = await log.bounds(topics.windows, 0);
  let newest = -Infinity;
  for (let offset = Math.max(start, end - TAIL_RECORDS); offset < end;) {
    const batch = await log.read(topics.windows, 0, offset, { maxBytes: BATCH_BYTES });
    if (!batch) break;
    for (const { window_end } of recordsOf(batch)) newest = Math.max(newest, Date.parse(window_end));
    offset = batch.firstOffset + batch.count;
  }
  const largest = Math.max(...engine.windows.map(({ sizeMs }) => sizeMs));
  return log.offsetAt(topics.windows, 0, Math.min(now, newest === -Infinity ? now : newest) - HOT_HISTORY_MS - largest);
}

/** Puts the rows of the last 26 h of a windows topic; newer ones that come meanwhile win by their version. `now`: epoch ms. */
async function refillHotStore(hotStore: HotStore, log: Log, config: LoadedPipeline, now: number, signal: AbortSignal): Promise<void> {
  let offset = await beginning(log, config, now);
  while (!signal.aborted) {
    const batch = await log.read(config.topics.windows, 0, offset, { maxBytes: BATCH_BYTES });
    if (!batch) return;
    await hotStore.put(recordsOf(batch).filter((record) => record.kind === 'row'));
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
    for (const config of configs) {
      await refillHotStore(hotStore, log, config, clock.now(), until);
      if (!until.aborted) await hotStore.markFilled(config.engine.pipeline);
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
