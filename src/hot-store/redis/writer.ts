/** Rows into Redis: in batches, many to a round trip; while it is away they wait, and nobody waits with them. */
import type { Logger } from '../../core/logger.ts';
import { claimKeys, evictionPolicy, type Claimed } from './claim.ts';
import type { Client, Connection } from './connection.ts';
import type { KeyNames } from './keys.ts';
import type { PutRow } from './put-script.ts';
import { putRows } from './round-trip.ts';
import { createSeriesLimit } from './series-limit.ts';
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
   * After a connection is there: says whose keys these are, finds out what Redis holds, and writes what waits. What failed is asked again.
   * @throws AppError `hot_store_refused`: they are another pipeline's
   */
  begin(): Promise<void>;
  /** Whether Redis was asked what it holds since the connection began: until then a sign that it is filled may be an old one. */
  isKnown(): boolean;
  /** When all that was put is written. */
  markFilled(pipeline: string): Promise<void>;
  waiting(): number;
  stop(): void;
}

/** Rows in one round trip. */
const ROUND_TRIP_ROWS = 2_048;
/** A slow Redis slows the pipeline by this much a put, at most. */
const PUT_WAIT_MS = 1_000;
const RETRY_MS = 1_000;

export function createWriter(config: WriterConfig, deps: WriterDeps): Writer {
  const { names, shown } = config;
  const { connection, logger, onEmpty } = deps;
  const about = { ...config, claims: onEmpty !== undefined };
  const rows = createWaitingRows(config.maxWaitingRows);
  const limit = createSeriesLimit(config.maxSeries);
  /** Pipelines that were said to be filled, to be told when all that waits is written. */
  const fillings = new Set<string>();
  /** Rows went that Redis never had, and it does not say so yet. */
  let lacksRows = false;
  /** Rows sent and not yet answered for. */
  let underWay = 0;
  let draining: Promise<void> | undefined;
  let retry: NodeJS.Timeout | undefined;
  let lastTrouble: string | undefined;
  let stopped = false;
  /** Connections of which it is not known yet whether Redis came up empty: what is said to be filled was so before. */
  let beginning = 0;
  let isKnown = false;
  /** Which start of Redis is filled; undefined where it does not tell. */
  let runId: string | undefined;
  let warnedOfEviction = false;

  const away = (): boolean => stopped || beginning > 0 || retry !== undefined || !connection()?.client();
  const mayWrite = (): boolean => isKnown && !away();

  async function drain(): Promise<void> {
    try {
      // It could not be asked when the connection began: it was still loading its data.
      if (!isKnown) await claim(connection()!.client()!);
      while (rows.size() > 0 && mayWrite()) await writeSome(rows.take(ROUND_TRIP_ROWS));
      if (rows.size() > 0) return;
      lacksRows = rows.lost() || lacksRows;
      if (lacksRows) {
        fillings.clear();
        for (const pipeline of config.pipelines) await connection()!.client()!.del(names.filled(pipeline));
        lacksRows = false;
        logger.warn(`More rows waited for Redis at ${shown} than the ${config.maxWaitingRows} that may: it is filled from the log again.`);
        onEmpty?.();
      }
      for (const pipeline of fillings) {
        if (!mayWrite()) return;
        await connection()!
          .client()!
          .set(names.filled(pipeline), runId ?? pipeline);
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
    const there = connection()!;
    underWay = some.length;
    const { wasEmpty, counted, unwritten, failure } = await putRows(some, there, about);
    underWay = 0;
    for (const row of unwritten) rows.add(row);
    for (const { window, index, series } of counted) limit.count(window, index, series);
    if (wasEmpty) sayLacking('all');
    if (failure) throw failure.reason;
    await limit.forgetOldest(there);
  }

  function sayLacking(lacks: NonNullable<Claimed['lacks']>): void {
    // What was put before is gone.
    fillings.clear();
    const found = lacks === 'all' ? 'is empty' : 'was started again and may have come back with less than it had';
    logger.info(`Redis at ${shown} ${found}: it is filled from the log.`);
    onEmpty?.();
  }

  async function claim(client: Client): Promise<void> {
    const found = await claimKeys(client, about);
    runId = found.runId;
    isKnown = true;
    if (found.lacks) sayLacking(found.lacks);
    await warnOfEviction(client);
  }

  async function warnOfEviction(client: Client): Promise<void> {
    if (warnedOfEviction || !onEmpty) return;
    const policy = await evictionPolicy(client);
    if (policy === undefined) return;
    warnedOfEviction = true;
    logger.warn(`Redis at ${shown} drops rows by itself when its memory is full (maxmemory-policy ${policy}). Set it to noeviction.`);
  }

  async function begin(): Promise<void> {
    const client = connection()?.client();
    if (!client) return;
    beginning++;
    isKnown = false;
    try {
      await claim(client);
    } finally {
      beginning--;
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
    isKnown: () => isKnown,
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
