/** How far the monitor is behind the partials, for all partitions of this process: the broker is asked once for all of them. */
import type { Clock } from '../../core/clock.ts';
import type { KafkaConnection } from '../../log/kafka/connection.ts';
import { monitorGroup, partialsTopic } from '../../pipeline/stage-topics.ts';

const ASK_EVERY_MS = 1_000;

interface Deps {
  readonly connection: Pick<KafkaConnection, 'lag'>;
  readonly clock: Pick<Clock, 'elapsed'>;
}

/** Records of `p.partials` that the monitor has not taken in; at most a second old. */
export function createMonitorLag(pipeline: string, { connection, clock }: Deps): () => Promise<number> {
  let known = { at: -Infinity, records: 0 };
  return async () => {
    if (clock.elapsed() - known.at > ASK_EVERY_MS) {
      const [lag] = await connection.lag(monitorGroup(pipeline), [partialsTopic(pipeline)]);
      known = { at: clock.elapsed(), records: lag?.lag ?? 0 };
    }
    return known.records;
  };
}
