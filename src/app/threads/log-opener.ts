/** The log as a thread reads it: through a connection of its own, with nothing that could be written. */
import type { Clock } from '../../core/clock.ts';
import { silentLogger } from '../../core/logger.ts';
import { createEmbeddedLog } from '../../log/embedded/embedded-log.ts';
import type { KafkaConnection } from '../../log/kafka/connection.ts';
import type { Log } from '../../log/log.ts';
import { statePlace } from '../../pipeline/stage-topics.ts';
import type { EngineSpec } from '../../windows/spec.ts';
import type { LogAddress } from './thread-messages.ts';

/** Connects with the first view. Each view is closed by itself; the connection lives as long as the thread. */
export function createLogOpener(address: LogAddress, clock: Clock): (spec: EngineSpec) => Promise<Log> {
  if (address.kind === 'embedded') {
    let log: Log | undefined;
    return async () => {
      log ??= createEmbeddedLog({ path: address.path, clock, readOnly: true });
      return { ...log, close: async () => {} };
    };
  }
  let connection: Promise<KafkaConnection> | undefined;
  return async ({ pipeline }) => {
    connection ??= connect(address.url, clock);
    // What was read ahead goes with the view: each aggregation has its own. The ledger beside it holds nothing that matters here.
    return (await connection).log(statePlace(pipeline, 'sources'), { readOnly: true });
  };
}

async function connect(url: string, clock: Clock): Promise<KafkaConnection> {
  const { connectKafka } = await import('../../log/kafka/connection.ts');
  const { parseKafkaUrl } = await import('../../log/kafka/url.ts');
  return connectKafka(parseKafkaUrl(url, process.env), { clock, logger: silentLogger });
}
