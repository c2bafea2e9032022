/** Several brokers of one's own that hold copies of each other's partitions, so that any one of them may die. */
import { freePort } from './port.ts';
import { newClusterId, startKafka, type KafkaOptions } from './kafka.ts';
import type { Service } from './service.ts';

export interface KafkaCluster {
  /** `host:port,host:port…`, of all. */
  readonly address: string;
  readonly brokers: readonly Service[];
  stop(): Promise<void>;
}

/** Each partition has a copy on every broker, and an append is one when all but one have it. @throws ServiceMissing as `startKafka` */
export async function startKafkaCluster(count: number, options: KafkaOptions = {}): Promise<KafkaCluster> {
  const controllerPorts: number[] = [];
  for (let i = 0; i < count; i++) controllerPorts.push(await freePort());
  const clusterId = newClusterId();
  const copies = { 'default.replication.factor': String(count), 'min.insync.replicas': String(count - 1) };
  const groups = { 'offsets.topic.replication.factor': String(count) };
  const starting = controllerPorts.map((_, i) =>
    startKafka({
      ...options,
      properties: { ...copies, ...groups, ...options.properties },
      member: { id: i + 1, controllerPorts, clusterId },
    }),
  );
  const started = await Promise.allSettled(starting);
  const brokers = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const stop = async (): Promise<void> => void (await Promise.all(brokers.map((broker) => broker.stop())));
  const failed = started.find((one) => one.status === 'rejected');
  if (failed) {
    await stop();
    throw failed.reason;
  }
  return { address: brokers.map(({ address }) => address).join(), brokers, stop };
}
