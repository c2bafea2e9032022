/** Kafka, Redis and ClickHouse of a crash test's own, each behind a proxy that can cut connections. */
import type { TestContext } from 'node:test';
import { startClickHouse } from '../../scripts/services/clickhouse.ts';
import { startKafka, type KafkaOptions } from '../../scripts/services/kafka.ts';
import { startRedis } from '../../scripts/services/redis.ts';
import type { Service } from '../../scripts/services/service.ts';
import { startCutProxy, type CutProxy } from './cut-proxy.ts';

export interface Proxied {
  readonly service: Service;
  readonly proxy: CutProxy;
  /** Through the proxy, as workers are told. */
  readonly address: string;
}

export interface CrashServices {
  readonly kafka: Proxied;
  readonly redis: Proxied;
  readonly olap: Proxied;
}

/** They go with the test. */
export async function startServices(t: TestContext): Promise<CrashServices> {
  const [kafka, redis, olap] = await Promise.all([
    proxiedKafka(t),
    behindProxy(t, startRedis(), (address) => `redis://${address}`),
    behindProxy(t, startClickHouse(), (address) => address),
  ]);
  return { kafka, redis, olap };
}

export async function proxiedKafka(t: TestContext, options: KafkaOptions = {}): Promise<Proxied> {
  const proxy = await startCutProxy(t);
  const service = await startKafka({ ...options, advertisedPort: proxy.port });
  t.after(() => service.stop());
  proxy.target(portOf(service));
  return { service, proxy, address: `kafka://127.0.0.1:${proxy.port}` };
}

async function behindProxy(t: TestContext, starting: Promise<Service>, address: (direct: string) => string): Promise<Proxied> {
  const service = await starting;
  t.after(() => service.stop());
  const proxy = await startCutProxy(t);
  proxy.target(portOf(service));
  return { service, proxy, address: address(service.address.replace(/:\d+$/, `:${proxy.port}`)) };
}

function portOf({ address }: Service): number {
  return Number(/:(\d+)$/.exec(address)![1]);
}
