/** The OLAP store beside a run: the embedded engine or a server, and the writers that bring it what is in the log. */
import { sleep, type Clock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';
import type { LoadedPipeline } from '../config/pipeline-config.ts';
import type { Log } from '../log/log.ts';
import { superviseChdb } from '../olap-store/chdb/supervisor.ts';
import { createClickHouseStore } from '../olap-store/clickhouse/clickhouse-store.ts';
import type { OlapStore } from '../olap-store/olap-store.ts';
import { createOlapWriter, forgetOlapOffsets, type OlapWriter, type OlapWriterConfig } from '../pipeline/olap-writer.ts';
import { inputPartitions } from '../windows/plan.ts';

export interface History {
  /** Waits until the store has everything that is in the log now, `timeoutMs` at most; says so where it has not. */
  settle(timeoutMs: number): Promise<void>;
  /** Records that the store does not have yet, over all pipelines. */
  lag(): Promise<number>;
  /** Undefined where there is none. */
  readonly store: OlapStore | undefined;
  /** Its engine is not installed on this machine. */
  readonly missing: boolean;
  stop(): Promise<void>;
}

export interface HistoryDeps {
  readonly log: Log;
  readonly clock: Clock;
  readonly logger: Logger;
}

const POLL_MS = 20;

/** `store`: `embedded`, `none`, or the address of a ClickHouse server (`http://user:password@host:8123`). */
export function startHistory(store: string, dir: string, pipelines: readonly LoadedPipeline[], deps: HistoryDeps): History {
  const { log, clock, logger } = deps;
  const configs = pipelines.map(writerConfig);
  if (store === 'none') {
    const forgetting = Promise.allSettled([log.commit({ offsets: configs.flatMap(forgetOlapOffsets) })]);
    return { settle: async () => {}, lag: async () => 0, store: undefined, missing: false, stop: async () => void (await forgetting) };
  }
  const engine = store === 'embedded' ? superviseChdb({ dir }, { clock, logger }) : undefined;
  const server = engine ? undefined : serverEndpoint(store);
  const olap = createClickHouseStore({}, { endpoint: engine ? engine.endpoint : () => server });
  const stopping = new AbortController();
  const writers: OlapWriter[] = configs.map((config) => createOlapWriter(config, { log, olap, logger, sleep }));
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
    async settle(timeoutMs) {
      const until = clock.elapsed() + timeoutMs;
      while (!engineState.missing && (await lag()) > 0) {
        if (clock.elapsed() > until) {
          logger.warn(`the OLAP store lacks ${await lag()} records of the log; they follow at the next start`);
          return;
        }
        await sleep(POLL_MS, stopping.signal);
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

function writerConfig(config: LoadedPipeline): OlapWriterConfig {
  const partitions = inputPartitions(config.engine).map(({ source, partition }) => ({ topic: source.topic, partition }));
  return {
    pipeline: config.engine.pipeline,
    topics: config.topics,
    ...(config.rawKeepMs !== undefined && { rawEvents: { keepMs: config.rawKeepMs, partitions } }),
  };
}

function serverEndpoint(address: string) {
  const url = URL.parse(address);
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new AppError('config_invalid', `--olap-store ${address}: expected embedded, none, or an address such as http://127.0.0.1:8123`);
  }
  const endpoint = {
    url: `${url.protocol}//${url.host}`,
    username: decodeURIComponent(url.username) || 'default',
    password: decodeURIComponent(url.password),
  };
  return endpoint;
}
