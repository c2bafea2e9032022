/** The OLAP store beside a run: the embedded engine or a server, and the writers that bring it what is in the log. */
import { randomInt } from 'node:crypto';
import { sleep, type Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import type { Logger } from '../../core/logger.ts';
import type { LoadedPipeline } from '../../config/pipeline-config.ts';
import type { ReadAnew } from '../../dead-letter/in-force.ts';
import type { Log } from '../../log/log.ts';
import { superviseChdb } from '../../olap-store/chdb/supervisor.ts';
import { parseOlapAddress } from '../../olap-store/clickhouse/address.ts';
import type { OlapStore } from '../../olap-store/olap-store.ts';
import { createOlapWriter, forgetOlapOffsets, type OlapWriter, type OlapWriterConfig } from '../../pipeline/olap-writer.ts';
import { inputPartitions } from '../../windows/plan.ts';
import { counted, plural } from '../../core/counted.ts';

export interface OlapFeed {
  /**
   * Waits until the store has everything that is in the log now, or has taken nothing for so long that it is given up; until the signal.
   * @throws AppError `olap_refused`, `data_format` where waiting is no use; `olap_unavailable` where a server was given up
   */
  settle(signal: AbortSignal): Promise<void>;
  /** Records that the store does not have yet, over all pipelines. */
  lag(): Promise<number>;
  /** Undefined where there is none. */
  readonly store: OlapStore | undefined;
  /** Its engine is not installed on this machine. */
  readonly missing: boolean;
  stop(): Promise<void>;
}

export interface OlapFeedDeps {
  readonly log: Log;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Of a pipeline: what its revisions have read again; `since`: such a revision is known to have begun. */
  readonly readAnew: (pipeline: string, since: number) => Promise<readonly ReadAnew[]>;
}

const POLL_MS = 20;
/** A start waits so long to hear whether a server takes what it will be sent. */
const FIRST_LOOK_MS = 3_000;
/** An engine of our own that takes nothing for so long may still be starting; a server that does not answer is named to the user sooner. */
const STALLED_MS = { embedded: 30_000, server: 10_000 } as const;

/**
 * `store`: as `--olap-store` has it. A server that cannot be reached is waited for beside the run.
 * @throws AppError `usage`; `olap_refused` or `data_format` where a server says at once that waiting is no use
 */
export async function startOlapFeed(
  store: string,
  dir: string,
  pipelines: readonly LoadedPipeline[],
  deps: OlapFeedDeps,
): Promise<OlapFeed> {
  const { log, clock, logger } = deps;
  const address = parseOlapAddress(store, process.env);
  const configs = pipelines.map(writerConfig);
  if (address.kind === 'none') {
    const forgetting = Promise.allSettled([log.commit({ offsets: configs.flatMap(forgetOlapOffsets) })]);
    return { settle: async () => {}, lag: async () => 0, store: undefined, missing: false, stop: async () => void (await forgetting) };
  }
  const { createClickHouseStore } = await import('../../olap-store/clickhouse/clickhouse-store.ts');
  const engine = address.kind === 'embedded' ? superviseChdb({ dir }, { clock, logger }) : undefined;
  const olap = createClickHouseStore(
    { retention: address.retention, ...(address.kind === 'server' && { database: address.database }) },
    { endpoint: () => (address.kind === 'server' ? address.endpoint : engine?.endpoint()) },
  );
  if (!engine) await firstLook(olap);
  const stopping = new AbortController();
  const writers: OlapWriter[] = configs.map((config) =>
    createOlapWriter(config, {
      log,
      olap,
      logger,
      clock,
      sleep,
      readAnew: (since) => deps.readAnew(config.pipeline.pipeline, since),
      unit: () => randomInt(2 ** 32) / 2 ** 32,
    }),
  );
  const engineState = { missing: false };
  // Without an engine on this machine there is nothing to wait for; the supervisor has said what is missing.
  const writing = (engine?.whenReady ?? Promise.resolve()).then(
    () => Promise.all(writers.map((writer) => writer.run(stopping.signal))),
    (error: unknown) => {
      engineState.missing = error instanceof AppError && !error.retryable;
      return engineState.missing ? [] : Promise.all(writers.map((writer) => writer.run(stopping.signal)));
    },
  );

  async function lag(): Promise<number> {
    let records = 0;
    for (const writer of writers) records += await writer.lag();
    return records;
  }

  return {
    lag,
    store: olap,
    get missing() {
      return engineState.missing;
    },
    async settle(signal) {
      for (const writer of writers) writer.hurry();
      const stalledMs = engine ? STALLED_MS.embedded : STALLED_MS.server;
      let least = Infinity;
      let movedAt = clock.elapsed();
      while (!engineState.missing && !signal.aborted) {
        const left = await lag();
        if (left === 0) return;
        const refusal = writers.map((writer) => writer.refusal()).find((found) => found !== undefined);
        if (refusal) throw refusal;
        if (left < least) movedAt = clock.elapsed();
        least = Math.min(least, left);
        if (clock.elapsed() - movedAt > stalledMs) {
          const says = `the OLAP store lacks ${counted(left, 'record')} of the log; ${plural(left, 'it follows', 'they follow')} at the next start`;
          if (address.kind !== 'server') return logger.warn(says);
          throw new AppError(
            'olap_unavailable',
            `${says}. Nothing was taken for ${stalledMs / 1_000} s: check --olap-store, and run the same command again.`,
            { retryable: true },
          );
        }
        await sleep(POLL_MS, signal);
      }
    },
    async stop() {
      stopping.abort();
      // A start that is under way ends with the engine.
      await engine?.stop();
      await writing;
      await olap.close();
    },
  };
}

async function firstLook(olap: OlapStore): Promise<void> {
  const waiting = new AbortController();
  try {
    await Promise.race([olap.ping(), sleep(FIRST_LOOK_MS, waiting.signal)]);
  } catch (error) {
    if (error instanceof AppError && error.retryable) return;
    await olap.close();
    throw error;
  } finally {
    waiting.abort();
  }
}

function writerConfig(config: LoadedPipeline): OlapWriterConfig {
  const { pipeline, measures, windows } = config.engine;
  const partitions = inputPartitions(config.engine).map(({ source, partition }) => ({ topic: source.topic, partition }));
  return {
    pipeline: { pipeline, measures, windows },
    topics: config.topics,
    ...(config.rawKeepMs !== undefined && { rawEvents: { keepMs: config.rawKeepMs, partitions } }),
  };
}
