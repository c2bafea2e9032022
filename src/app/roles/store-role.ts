/** Who writes the OLAP server: the one active member, with its offsets in a ledger of their own. */
import type { LoadedPipeline } from '../../config/pipeline-config.ts';
import { AppError } from '../../core/errors.ts';
import type { Logger } from '../../core/logger.ts';
import type { KafkaConnection } from '../../log/kafka/connection.ts';
import type { Log } from '../../log/log.ts';
import { olapGroup } from '../../pipeline/olap-writer.ts';
import { statePlace } from '../../pipeline/stage-topics.ts';
import type { RunOptions } from '../run/run-options.ts';
import { whenAborted, whileElected } from './election.ts';

const SESSION_MS = 10_000;

export interface StoreRole {
  /** Resolves to what keeps this process from ever being the writer, as soon as that is known; else when it has stopped. */
  readonly refused: Promise<AppError | undefined>;
  /** The writer's log while this process is the active one. */
  log(): Log | undefined;
  stop(): Promise<void>;
}

export function runStoreRole(
  config: LoadedPipeline,
  { sessionMs = SESSION_MS }: RunOptions,
  deps: { readonly connection: KafkaConnection; readonly logger: Logger },
): StoreRole {
  const { pipeline } = config.engine;
  const stopping = new AbortController();
  let held: Log | undefined;
  const group = olapGroup(pipeline);
  const serving = whileElected(
    { group, topic: config.topics.windows, what: `writer of the OLAP store of ${pipeline}`, sessionTimeoutMs: sessionMs },
    deps,
    stopping.signal,
    async (signal, { holds }) => {
      const log = await deps.connection.log(statePlace(pipeline, 'store'), { holds });
      const fenced = Promise.withResolvers<never>();
      held = {
        ...log,
        // The writer waits and tries again whatever happens: who was overtaken has to begin anew, or to make way.
        commit: (unit) =>
          log.commit(unit).catch((error: unknown) => {
            if (error instanceof AppError && error.code === 'log_fenced') fenced.reject(error);
            throw error;
          }),
      };
      try {
        await Promise.race([whenAborted(signal), fenced.promise]);
      } finally {
        held = undefined;
        await log.close();
      }
    },
  ).then(
    () => undefined,
    (error: Error) => {
      if (error instanceof AppError && !error.retryable) return error;
      deps.logger.warn(`the OLAP store gets no more rows from this process: ${error.message}`);
      return undefined;
    },
  );
  return {
    refused: serving,
    log: () => held,
    async stop() {
      stopping.abort();
      await serving;
    },
  };
}
