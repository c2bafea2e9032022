/** Several brokers of one's own that hold copies of each other's partitions, so that any one of them may die. */
import { startKafka, type KafkaOptions } from './kafka.ts';
import { newClusterId } from './kafka-format.ts';
import { freePort } from './port.ts';
import type { Service } from './service.ts';

export interface KafkaCluster {
  /** `host:port,host:port…`, of all. */
  readonly address: string;
  /** Starts the broker of this place, from 0. More than half of them make a quorum. @throws ServiceMissing as `startKafka` */
  start(place: number): Promise<Service>;
}

/** Each partition is to have a copy on every broker, and an append is done when all but one have it. */
export async function kafkaCluster(count: number, options: KafkaOptions = {}): Promise<KafkaCluster> {
  const [ports, controllerPorts]: [number[], number[]] = [[], []];
  for (let i = 0; i < count; i++) {
    ports.push(await freePort());
    controllerPorts.push(await freePort());
  }
  const clusterId = newClusterId();
  const copies = {
    'default.replication.factor': String(count),
    'min.insync.replicas': String(count - 1),
    'offsets.topic.replication.factor': String(count),
  };
  return {
    address: ports.map((port) => `127.0.0.1:${port}`).join(),
    start: (place) =>
      startKafka({
        ...options,
        port: ports[place]!,
        properties: { ...copies, ...options.properties },
        member: { id: place + 1, controllerPorts, clusterId },
      }),
  };
}
