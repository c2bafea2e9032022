/** The hot store in Redis (6 or newer, Valkey): readable by hand (`keys.ts`), shared by all processes of a pipeline. */
import type { Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import { labelsKey } from '../../core/labels.ts';
import type { Logger } from '../../core/logger.ts';
import type { WindowRow } from '../../windows/row.ts';
import { DEFAULT_MAX_SERIES, historyLookup } from '../history-lookup.ts';
import { HOT_HISTORY_MS, type HotStore, type HotStoreConfig } from '../hot-store.ts';
import { connectRedis, type Client, type Connection } from './connection.ts';
import { createKeyNames } from './keys.ts';
import { redisTrouble } from './trouble.ts';
import { parseRedisUrl } from './url.ts';
import { createWriter } from './writer.ts';

export interface RedisHotStoreConfig extends HotStoreConfig {
  /** `redis://[user:password@]host:port/db?prefix=metrics&ttl=1h`, `rediss://` for TLS: see `parseRedisUrl`. */
  readonly url: string;
  /** Dimensions of each pipeline in the order of its file: the order of values in keys. */
  readonly dimensions?: Readonly<Record<string, readonly string[]>>;
  /** How long a row stays after it was written, in ms; 1 h unless told here or in the URL. History stays that much longer than asked. */
  readonly ttlMs?: number;
  /** Rows that wait while Redis is away; 100,000 unless told. Beyond, only the newest stay, and it is filled from the log again. */
  readonly maxWaitingRows?: number;
}

export interface RedisHotStoreDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /**
   * Redis has come up empty, or was not filled to the end by whoever began it, or was started again since, or more rows waited than may:
   * the process puts the rows of the log again and then calls `markFilled`. It may be called again while that is under way: begin anew then.
   * Only who puts rows gives this: a reader would take the sign from the one who fills.
   */
  readonly onEmpty?: () => void;
}

export interface RedisHotStore extends HotStore {
  /** `waiting`: rows not yet written. */
  status(): { readonly up: boolean; readonly waiting: number };
}

const DEFAULT_TTL_MS = 3_600_000;
const DEFAULT_MAX_WAITING_ROWS = 100_000;
const READ_TIMEOUT_MS = 2_000;
const ROWS_PER_READ = 500;

/**
 * `put` never waits long for Redis and never rejects; reads reject with AppError `hot_store_unavailable` while it is away.
 * Resolves also where Redis is away for now.
 * @throws AppError `usage` (the URL), `hot_store_refused`: password, database, TLS, another pipeline's keys
 */
export async function createRedisHotStore(config: RedisHotStoreConfig, deps: RedisHotStoreDeps): Promise<RedisHotStore> {
  const { logger, clock, onEmpty } = deps;
  const address = parseRedisUrl(config.url, deps.env ?? process.env);
  const { shown } = address;
  const ttlMs = config.ttlMs ?? address.ttlMs ?? DEFAULT_TTL_MS;
  const pipelines = [...new Set([...Object.keys(config.dimensions ?? {}), ...config.history.map(({ pipeline }) => pipeline)])];
  const names = createKeyNames({ prefix: address.prefix ?? 'metrics', pipelines, dimensions: config.dimensions ?? {} });
  const keepMsOf = historyLookup(config);
  const windowTtlMs = Math.max(HOT_HISTORY_MS, ...config.history.map(({ keepMs }) => keepMs)) + ttlMs;

  const opened: { connection?: Connection; whole?: true; empty?: true } = {};
  // Not before the caller holds the store.
  const sayEmpty = (): void => {
    if (opened.whole) onEmpty?.();
    else opened.empty = true;
  };
  const writer = createWriter(
    {
      names,
      pipelines,
      shown,
      ttlMs,
      windowTtlMs,
      maxSeries: config.maxSeries ?? DEFAULT_MAX_SERIES,
      maxWaitingRows: config.maxWaitingRows ?? DEFAULT_MAX_WAITING_ROWS,
    },
    { connection: () => opened.connection, logger, onEmpty: onEmpty && sayEmpty },
  );
  const begin = async (): Promise<void> => {
    try {
      await writer.begin();
    } catch (error) {
      const trouble = redisTrouble(error, shown);
      if (!trouble.retryable) throw trouble;
    }
  };
  const connection = await connectRedis(address, {
    clock,
    logger,
    onReady: () => {
      // The first time it is waited for below; later the writer says what is wrong, and asks again.
      if (opened.connection) begin().catch(() => {});
    },
  });
  opened.connection = connection;
  try {
    await begin();
  } catch (error) {
    writer.stop();
    connection.close();
    throw error;
  }

  opened.whole = true;
  if (opened.empty) setImmediate(sayEmpty);

  /** A read, within its time. */
  async function ask<T>(read: (client: Client) => Promise<T>): Promise<T> {
    const client = connection.client();
    if (!client) {
      throw connection.trouble() ?? new AppError('hot_store_unavailable', `Redis at ${shown} is away.`, { retryable: true });
    }
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const error = new AppError('hot_store_unavailable', `Redis at ${shown} took longer than ${READ_TIMEOUT_MS} ms.`, { retryable: true });
      timer = setTimeout(() => reject(error), READ_TIMEOUT_MS);
    });
    try {
      return await Promise.race([read(client), late]);
    } catch (error) {
      throw redisTrouble(error, shown);
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    put: (rows) =>
      writer.put(
        rows
          .filter(({ origin }) => origin === '')
          .map((row) => ({
            row,
            start: Date.parse(row.window_start),
            keys: names.series(row.pipeline, row.window, row.labels),
            keepMs: keepMsOf(row.pipeline, row.window, row.labels),
          })),
      ),
    latest: (pipeline, window, labels) =>
      ask(async (client) => {
        const text = await client.get(names.series(pipeline, window, labels).latest);
        return text === null ? undefined : rowOf(text);
      }),
    all: (pipeline, window) =>
      ask(async (client) => {
        const keys = await client.zRange(names.window(pipeline, window).index, 0, -1);
        const pages = Array.from({ length: Math.ceil(keys.length / ROWS_PER_READ) }, (_, i) =>
          client.mGet(keys.slice(i * ROWS_PER_READ, (i + 1) * ROWS_PER_READ)),
        );
        const rows = (await Promise.all(pages)).flat().flatMap((text) => (text === null ? [] : [rowOf(text)]));
        const keyed = rows.map((row) => ({ key: labelsKey(row.labels), row }));
        return keyed.sort((a, b) => (a.key < b.key ? -1 : 1)).map(({ row }) => row);
      }),
    range: (pipeline, window, labels, from, to) =>
      ask(async (client) => {
        const keys = names.series(pipeline, window, labels);
        const keepMs = keepMsOf(pipeline, window, labels);
        const [newest, held, text] = await Promise.all([
          client.get(names.window(pipeline, window).newest),
          keepMs === undefined ? [] : client.zRangeByScore(keys.history, from, `(${to}`),
          client.get(keys.latest),
        ]);
        // Rows of a series that went silent stay until Redis drops them by its own clock; event time decides what is shown.
        const oldest = newest === null || keepMs === undefined ? -Infinity : Number(newest) - keepMs;
        const kept = held.map(rowOf).filter((row) => startOf(row) >= oldest);
        const latest = text === null ? undefined : rowOf(text);
        if (!latest || startOf(latest) < from || startOf(latest) >= to) return kept;
        return [...kept.filter((row) => startOf(row) !== startOf(latest)), latest].sort((a, b) => startOf(a) - startOf(b));
      }),
    waiting: () => writer.waiting(),
    status: () => ({ up: connection.client() !== undefined, waiting: writer.waiting() }),
    markFilled: (pipeline) => writer.markFilled(pipeline),
    isFilled: (pipeline) => ask(async (client) => writer.isKnown() && (await client.exists(names.filled(pipeline))) === 1),
    close: async () => {
      // What waits has one more chance.
      await writer.put([]);
      writer.stop();
      connection.close();
    },
  };
}

function rowOf(text: string): WindowRow {
  return JSON.parse(text) as WindowRow;
}

function startOf(row: WindowRow): number {
  return Date.parse(row.window_start);
}
