/** Rows into Redis: in batches, many to a round trip; while it is away they wait, and nobody waits with them. */
import type { Logger } from '../../core/logger.ts';
import type { Client, Connection } from './connection.ts';
import type { KeyNames } from './keys.ts';
import { FORGET_SCRIPT, PUT_SCRIPT, putCall, type PutRow, type ScriptCall } from './put-script.ts';
import { redisTrouble } from './trouble.ts';
import { createWaitingRows } from './waiting-rows.ts';

export interface WriterConfig {
  readonly names: KeyNames;
  /** Pipelines whose rows will come. */
  readonly pipelines: readonly string[];
  readonly maxSeries: number;
  readonly ttlMs: number;
  readonly windowTtlMs: number;
  readonly maxWaitingRows: number;
  readonly shown: string;
}

export interface WriterDeps {
  readonly connection: () => Connection | undefined;
  readonly logger: Logger;
  /** Rows are missing that only the log has. */
  readonly onEmpty?: (() => void) | undefined;
}

export interface Writer {
  /** Resolves when they are written, or wait for Redis, or took too long. Never rejects. */
  put(rows: readonly PutRow[]): Promise<void>;
  /**
   * After a connection is there: says whose keys these are, and writes what waits.
   * @throws AppError `hot_store_refused`: they are another pipeline's
   */
  begin(): Promise<void>;
  /** When all that was put is written. */
  markFilled(pipeline: string): Promise<void>;
  waiting(): number;
  stop(): void;
}

/** Rows in one round trip, and in one call of the script (Redis does nothing else meanwhile). */
const ROUND_TRIP_ROWS = 2_048;
const SCRIPT_ROWS = 64;
/** A slow Redis slows the pipeline by this much a put, at most. */
const PUT_WAIT_MS = 1_000;
const RETRY_MS = 1_000;

export function createWriter(config: WriterConfig, deps: WriterDeps): Writer {
  const { names, shown, maxSeries } = config;
  const { connection, logger, onEmpty } = deps;
  const rows = createWaitingRows(config.maxWaitingRows);
  /** By window: how many series Redis has of it. */
  const seriesIn = new Map<string, { readonly index: string; readonly count: number }>();
  /** Pipelines that were said to be filled, to be told when all that waits is written. */
  const fillings = new Set<string>();
  /** Rows sent and not yet answered for. */
  let underWay = 0;
  let draining: Promise<void> | undefined;
  let retry: NodeJS.Timeout | undefined;
  let lastTrouble: string | undefined;
  let stopped = false;
  let warnedOfEviction = false;

  const away = (): boolean => stopped || retry !== undefined || !connection()?.client();

  async function drain(): Promise<void> {
    try {
      while (rows.size() > 0 && !away()) await writeSome(rows.take(ROUND_TRIP_ROWS));
      if (rows.size() > 0) return;
      if (rows.lost()) {
        fillings.clear();
        for (const pipeline of config.pipelines) await connection()!.client()!.del(names.filled(pipeline));
        logger.warn(`More rows waited for Redis at ${shown} than the ${config.maxWaitingRows} that may: it is filled from the log again.`);
        onEmpty?.();
      }
      for (const pipeline of fillings) {
        await connection()!.client()!.set(names.filled(pipeline), pipeline);
        fillings.delete(pipeline);
      }
      lastTrouble = undefined;
    } catch (error) {
      // What the connection has to say it says itself.
      if (stopped || !connection()?.client()) return;
      const { message } = redisTrouble(error, shown);
      if (message !== lastTrouble) logger.warn(message);
      lastTrouble = message;
      retry = setTimeout(() => {
        retry = undefined;
        void drained();
      }, RETRY_MS).unref();
    }
  }

  function drained(): Promise<void> {
    if (away()) return Promise.resolve();
    draining ??= drain().finally(() => {
      draining = undefined;
      // What came in its last moment.
      if (rows.size() + fillings.size > 0) void drained();
    });
    return draining;
  }

  async function drainedSoon(): Promise<void> {
    if (away()) return;
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<void>((resolve) => (timer = setTimeout(resolve, PUT_WAIT_MS)));
    await Promise.race([drained(), tooLong]);
    clearTimeout(timer);
  }

  async function writeSome(some: readonly PutRow[]): Promise<void> {
    const calls = callsOf(some);
    underWay = some.length;
    const results = await Promise.allSettled(calls.map(({ call }) => connection()!.run(PUT_SCRIPT, call)));
    underWay = 0;
    let empty = false;
    let failure: { reason: unknown } | undefined;
    for (const [i, result] of results.entries()) {
      const { window, index, part } = calls[i]!;
      if (result.status === 'rejected') {
        failure ??= result;
        for (const row of part) rows.add(row);
        continue;
      }
      const [wasEmpty, count] = result.value as [number, number];
      empty ||= wasEmpty === 1;
      seriesIn.set(window, { index, count });
    }
    if (empty) sayEmpty();
    if (failure) throw failure.reason;
    await forgetOldest();
  }

  function callsOf(some: readonly PutRow[]): { window: string; index: string; part: PutRow[]; call: ScriptCall }[] {
    const windows = Map.groupBy(some, ({ row }) => JSON.stringify([row.pipeline, row.window]));
    return [...windows].flatMap(([window, all]) => {
      const { pipeline, window: name } = all[0]!.row;
      const keys = names.window(pipeline, name);
      const { ttlMs, windowTtlMs } = config;
      const about = {
        pipeline,
        keys,
        owner: names.owner(pipeline),
        filled: names.filled(pipeline),
        claims: onEmpty !== undefined,
        ttlMs,
        windowTtlMs,
      };
      const parts = Array.from({ length: Math.ceil(all.length / SCRIPT_ROWS) }, (_, i) =>
        all.slice(i * SCRIPT_ROWS, (i + 1) * SCRIPT_ROWS),
      );
      return parts.map((part) => ({ window, index: keys.index, part, call: putCall(about, part) }));
    });
  }

  /** Beyond the limit the series with the oldest last rows go, over all windows, a tenth of the limit in advance. */
  async function forgetOldest(): Promise<void> {
    const total = [...seriesIn.values()].reduce((sum, { count }) => sum + count, 0);
    const client = connection()?.client();
    if (total <= maxSeries || !client) return;
    const surplus = total - maxSeries + Math.floor(maxSeries / 10);
    const oldest = await Promise.all(
      [...seriesIn].map(async ([window, { index }]) =>
        (await client.zRangeWithScores(index, 0, surplus - 1)).map(({ value, score }) => ({ window, index, latest: value, score })),
      ),
    );
    const going = oldest.flat().sort((a, b) => a.score - b.score || (a.latest < b.latest ? -1 : 1));
    for (const [window, some] of Map.groupBy(going.slice(0, surplus), (each) => each.window)) {
      const { index } = some[0]!;
      for (let i = 0; i < some.length; i += SCRIPT_ROWS) {
        const part = some.slice(i, i + SCRIPT_ROWS);
        const keys = [index, ...part.flatMap(({ latest }) => [latest, `${latest}:history`])];
        const gone = await connection()!.run(FORGET_SCRIPT, { keys, arguments: part.map(({ score }) => String(score)) });
        seriesIn.set(window, { index, count: seriesIn.get(window)!.count - Number(gone) });
      }
    }
  }

  function sayEmpty(): void {
    // What was put before is gone.
    fillings.clear();
    logger.info(`Redis at ${shown} is empty: it is filled from the log.`);
    onEmpty?.();
  }

  /** Rows that Redis drops by itself are missed by nobody: the store would look whole. */
  async function warnOfEviction(client: Client): Promise<void> {
    if (warnedOfEviction || !onEmpty) return;
    // Not everybody may ask.
    const memory = await client.info('memory').catch(() => '');
    const policy = /^maxmemory_policy:(\S+)/m.exec(memory)?.[1];
    if (!policy || policy === 'noeviction' || /^maxmemory:0\s/m.test(memory)) return;
    warnedOfEviction = true;
    logger.warn(`Redis at ${shown} drops rows by itself when its memory is full (maxmemory-policy ${policy}). Set it to noeviction.`);
  }

  async function begin(): Promise<void> {
    const client = connection()?.client();
    if (!client) return;
    let empty = false;
    try {
      for (const pipeline of config.pipelines) {
        const key = names.owner(pipeline);
        if (onEmpty) await client.set(key, pipeline, { condition: 'NX' });
        const [owner, filled] = await client.mGet([key, names.filled(pipeline)]);
        if (owner && owner !== pipeline) throw redisTrouble(new Error(`TOCSIN_OWNER ${owner}`), shown);
        if (onEmpty && filled === null) empty = true;
      }
      if (empty) sayEmpty();
      await warnOfEviction(client);
    } finally {
      clearTimeout(retry);
      retry = undefined;
      void drained();
    }
  }

  return {
    put: (some) => {
      for (const row of some) rows.add(row);
      return drainedSoon();
    },
    begin,
    markFilled: (pipeline) => {
      fillings.add(pipeline);
      return drainedSoon();
    },
    waiting: () => rows.size() + underWay,
    stop: () => {
      stopped = true;
      clearTimeout(retry);
    },
  };
}
