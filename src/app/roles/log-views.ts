/** Views of a Kafka log for those who keep their positions elsewhere than in a ledger of their own. */
import type { Log } from '../../log/log.ts';
import type { KafkaConnection } from '../../log/kafka/connection.ts';
import { fromStateEntries, toStateChanges } from '../../pipeline/state-codec.ts';

const OFFSETS = 'offset/';

/**
 * Records are Kafka's, state and offsets stand in the data directory of this machine: for what belongs to the machine, as a file
 * that is read here, or the embedded OLAP store. Appends come first; a crash in between appends them again.
 */
export function withLocalState(kafka: Log, local: Log): Log {
  const nameOf = (group: string, topic: string, partition: number): string => JSON.stringify([group, topic, partition]);
  return {
    ...kafka,
    async commit({ appends = [], offsets = [], state = [] }) {
      const firsts = appends.length > 0 ? await kafka.commit({ appends }) : [];
      const positions = offsets.map(({ group, topic, partition, offset }): [string, number | null] => [
        nameOf(group, topic, partition),
        offset,
      ]);
      const changes = [...state, ...toStateChanges(OFFSETS, positions)];
      if (changes.length > 0) await local.commit({ state: changes });
      return firsts;
    },
    async committed(group, topic, partition) {
      const name = nameOf(group, topic, partition);
      const found = fromStateEntries(OFFSETS, await local.state(OFFSETS + name)).find(([key]) => key === name);
      return found?.[1] as number | undefined;
    },
    state: (prefix) => local.state(prefix),
    close: async () => {},
  };
}

/** For showing: how far groups are is what Kafka knows of them, about a second old. */
export function withSharedOffsets(kafka: Log, connection: Pick<KafkaConnection, 'lag'>): Log {
  return {
    ...kafka,
    async committed(group, topic, partition) {
      const lags = await connection.lag(group, [topic]);
      return lags.find((lag) => lag.partition === partition)?.offset;
    },
  };
}

/** The log of whoever is elected; while nobody is here, there is nothing to read. */
export function electedLog(kafka: Log, holder: () => Log | undefined, connection: Pick<KafkaConnection, 'lag'>): Log {
  const shared = withSharedOffsets(kafka, connection);
  return {
    ...kafka,
    read: async (topic, partition, offset, limits) => holder()?.read(topic, partition, offset, limits),
    committed: (group, topic, partition) => (holder() ?? shared).committed(group, topic, partition),
    commit: async (unit) => (await holder()?.commit(unit)) ?? [],
  };
}
