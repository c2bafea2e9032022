/** The hot store of a run: in its own memory, or Redis. */
import type { LoadedPipeline } from '../../config/pipeline-config.ts';
import { sleep, type Clock } from '../../core/clock.ts';
import { hideSecrets } from '../../core/address.ts';
import { AppError } from '../../core/errors.ts';
import type { Logger } from '../../core/logger.ts';
import { HOT_HISTORY_MS, type HotHistory, type HotStore } from '../../hot-store/hot-store.ts';
import { createMemoryHotStore } from '../../hot-store/memory/memory-store.ts';
import { parseRedisUrl } from '../../hot-store/redis/url.ts';
import { counted, plural } from '../../core/counted.ts';
import { withCurrentRows } from './current-rows.ts';

export interface HotStoreDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  /** It has come up empty: rows of the log are to be put again. Undefined: another process puts them. */
  readonly onEmpty: (() => void) | undefined;
}

/** What is put into it is there after the run. */
export const outlivesRun = (address: string | undefined): address is string => address !== undefined && address !== 'memory';

/** Of windows computed anew its rows are those that count. @throws AppError `usage` for an address that is none, and what Redis refuses */
export async function openHotStore(address: string | undefined, configs: readonly LoadedPipeline[], deps: HotStoreDeps): Promise<HotStore> {
  const history = configs.flatMap(servedHistory);
  checkHotStoreAddress(address);
  if (!outlivesRun(address)) return withCurrentRows(createMemoryHotStore({ history }));
  const dimensions = Object.fromEntries(configs.map(({ engine }) => [engine.pipeline, engine.dimensions]));
  const { clock, logger, onEmpty } = deps;
  const { createRedisHotStore } = await import('../../hot-store/redis/redis-store.ts');
  return withCurrentRows(await createRedisHotStore({ url: address, history, dimensions }, { clock, logger, ...(onEmpty && { onEmpty }) }));
}

/** @throws AppError `usage` for an address that is none */
export function checkHotStoreAddress(address: string | undefined): void {
  if (!outlivesRun(address)) return;
  if (!/^rediss?:/.test(address)) {
    throw new AppError('usage', `--hot-store ${hideSecrets(address)}: expected memory, or an address such as redis://127.0.0.1:6379/0`);
  }
  parseRedisUrl(address, process.env);
}

/** Rows of a segment that are kept of one window at most: of windows that follow each other faster than a minute or so, less than 26 h. */
const HISTORY_ROWS_MAX = 2_000;
/** Of a path that serves a larger window the minutes are kept too. */
const ALWAYS_KEPT = '1m';

/** The windows whose served segments are kept for a day, one entry each. */
export function servedHistory({ engine, serve }: LoadedPipeline): HotHistory[] {
  return engine.windows.flatMap(({ name: window, slideMs }) => {
    const served = serve.filter((path) => path.window === window || window === ALWAYS_KEPT);
    if (served.length === 0) return [];
    const keepMs = Math.min(HOT_HISTORY_MS, HISTORY_ROWS_MAX * slideMs);
    return [{ pipeline: engine.pipeline, window, groupings: served.map(({ dimensions }) => dimensions), keepMs }];
  });
}

const POLL_MS = 20;
/** A store that takes no row for so long is given up by a run that is to end. */
const STALLED_MS = 10_000;

/** Waits until every row that was put is written, the signal, or until the store has taken none for so long that it is given up. */
export async function settleHotStore(hotStore: HotStore, clock: Clock, signal: AbortSignal): Promise<void> {
  let least = Infinity;
  let movedAt = clock.elapsed();
  while (!signal.aborted) {
    const left = hotStore.waiting?.() ?? 0;
    if (left < least) movedAt = clock.elapsed();
    least = Math.min(least, left);
    if (left === 0 || clock.elapsed() - movedAt > STALLED_MS) return;
    await sleep(POLL_MS, signal);
  }
}

/** Closes it; what waits has one more chance. `hot_store_unavailable`: rows are left. */
export async function closeHotStore(hotStore: HotStore): Promise<AppError | undefined> {
  await hotStore.close();
  const left = hotStore.waiting?.() ?? 0;
  if (left === 0) return undefined;
  const says = `the hot store lacks ${counted(left, 'row')} of the log. The next start brings ${plural(left, 'it', 'them')}: mend it, or name another in --hot-store.`;
  return new AppError('hot_store_unavailable', says, { retryable: true });
}
