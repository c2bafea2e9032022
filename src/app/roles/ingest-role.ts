/** Who brings in what the pipeline file names: one process, with the positions in a ledger of their own. */
import type { LoadedPipeline } from '../../config/pipeline-config.ts';
import type { Logger } from '../../core/logger.ts';
import type { KafkaConnection } from '../../log/kafka/connection.ts';
import type { Log } from '../../log/log.ts';
import { statePlace } from '../../pipeline/stage-topics.ts';
import type { RunOptions } from '../run/run-options.ts';
import { whileElected } from './election.ts';

const SESSION_MS = 10_000;

/** Until `work` has ended by itself, or the signal. Without inputs, or the role, there is nothing to do. */
export async function runIngestRole(
  config: LoadedPipeline,
  { roles, sessionMs = SESSION_MS }: RunOptions,
  deps: { readonly connection: KafkaConnection; readonly logger: Logger },
  work: (log: Log, signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const { pipeline } = config.engine;
  if (config.inputs.length === 0 || (roles && !roles.has('ingest'))) return;
  const done = new AbortController();
  await whileElected(
    { group: `${pipeline}.ingest`, topic: config.topics.deadLetters, what: `inputs of ${pipeline}`, sessionTimeoutMs: sessionMs },
    deps,
    AbortSignal.any([signal, done.signal]),
    async (until, { holds }) => {
      const log = await deps.connection.log(statePlace(pipeline, 'sources'), { holds });
      try {
        await work(log, until);
        if (!until.aborted) done.abort();
      } finally {
        await log.close();
      }
    },
  );
}
