/** The log in Kafka for commands that read: its topics, and of the pipelines' ledgers what is asked for. */
import type { Clock } from '../../core/clock.ts';
import type { Logger } from '../../core/logger.ts';
import { connectKafka, type KafkaConnection } from '../../log/kafka/connection.ts';
import { parseKafkaUrl } from '../../log/kafka/url.ts';
import type { Log } from '../../log/log.ts';
import { snapshotsTopic, STATE_PARTITIONS, stateTopic } from '../../pipeline/stage-topics.ts';
import { withSharedOffsets } from '../roles/log-views.ts';

/** Records of topics that are nobody's in particular are read through a place that nothing is kept at. */
const NO_LEDGER = { topic: 'tocsin.state', partition: 0 };
const STATE_SUFFIX = stateTopic('');

/** Reads, and appends; other commits are refused. `shown`: the address without secrets. @throws AppError `usage`, `log_unavailable`, `log_refused` */
export async function openKafkaReading(
  address: string,
  deps: { readonly clock: Clock; readonly logger: Logger },
): Promise<{ readonly log: Log; readonly groups: Pick<KafkaConnection, 'lag' | 'members'>; readonly shown: string }> {
  const config = parseKafkaUrl(address, process.env);
  const connection = await connectKafka(config, deps);
  try {
    const base = await connection.log(NO_LEDGER, { readOnly: true });
    const log: Log = { ...withSharedOffsets(base, connection), state: stateReader(base, connection), close: () => connection.close() };
    return { log, groups: connection, shown: config.shown };
  } catch (error) {
    await connection.close();
    throw error;
  }
}

/** State by its prefix, out of the ledgers that may hold it; each is read once. */
function stateReader(base: Log, connection: KafkaConnection): Log['state'] {
  const opened = new Map<string, Promise<Log>>();

  function ledger(topic: string, partition: number): Promise<Log> {
    const name = `${topic}/${partition}`;
    const log = opened.get(name) ?? connection.log({ topic, partition }, { readOnly: true });
    opened.set(name, log);
    return log;
  }

  async function pipelines(): Promise<string[]> {
    const names = (await base.topics()).map(({ name }) => name).filter((name) => name.endsWith(STATE_SUFFIX));
    return names.map((name) => name.slice(0, -STATE_SUFFIX.length));
  }

  /** `aggregate/<pipeline>/<topic>/<partition>/…` stands with the partition, everything else with the pipeline. */
  async function placesOf(prefix: string): Promise<[topic: string, partition: number][]> {
    const places: [string, number][] = [];
    for (const pipeline of await pipelines()) {
      const own = `aggregate/${pipeline}/`;
      if (prefix.startsWith(own)) {
        const [topic, partition] = prefix.slice(own.length).split('/') as [string, string];
        places.push([snapshotsTopic(pipeline, topic), Number(partition)]);
      } else if (!prefix.startsWith('aggregate/')) {
        places.push([stateTopic(pipeline), STATE_PARTITIONS.monitor], [stateTopic(pipeline), STATE_PARTITIONS.notify]);
      }
    }
    return places;
  }

  return async (prefix) => {
    const found: [string, Uint8Array][] = [];
    for (const [topic, partition] of await placesOf(prefix)) found.push(...(await (await ledger(topic, partition)).state(prefix)));
    return found.sort(([a], [b]) => (a < b ? -1 : 1));
  };
}
