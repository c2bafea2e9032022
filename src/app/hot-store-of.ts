/** The hot store of a run: in its own memory, or Redis. */
import type { LoadedPipeline } from '../config/pipeline-config.ts';
import type { Clock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';
import { HOT_HISTORY_MS, type HotHistory, type HotStore } from '../hot-store/hot-store.ts';
import { createMemoryHotStore } from '../hot-store/memory/memory-store.ts';
import { createRedisHotStore } from '../hot-store/redis/redis-store.ts';

export interface HotStoreDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  /** It has come up empty: rows of the log are to be put again. Undefined: another process puts them. */
  readonly onEmpty: (() => void) | undefined;
}

/** @throws AppError `usage` for an address that is none, and what Redis refuses */
export async function openHotStore(address: string | undefined, configs: readonly LoadedPipeline[], deps: HotStoreDeps): Promise<HotStore> {
  const history = configs.flatMap(servedHistory);
  if (address === undefined || address === 'memory') return createMemoryHotStore({ history });
  if (!/^rediss?:/.test(address)) {
    throw new AppError('usage', `--hot-store ${address}: expected memory, or an address such as redis://127.0.0.1:6379/0`);
  }
  const dimensions = Object.fromEntries(configs.map(({ engine }) => [engine.pipeline, engine.dimensions]));
  const { clock, logger, onEmpty } = deps;
  return createRedisHotStore({ url: address, history, dimensions }, { clock, logger, ...(onEmpty && { onEmpty }) });
}

/** The window whose served segments are kept for a day. */
export function servedHistory(config: LoadedPipeline): HotHistory[] {
  const window = config.engine.windows.find(({ name }) => name === '1m')?.name;
  if (window === undefined) return [];
  return [{ pipeline: config.engine.pipeline, window, groupings: config.serve.map((serve) => serve.dimensions), keepMs: HOT_HISTORY_MS }];
}
