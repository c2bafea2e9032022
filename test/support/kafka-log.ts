import { randomBytes } from 'node:crypto';
import { systemClock } from '../../src/core/clock.ts';
import type { Clock } from '../../src/core/clock.ts';
import { AppError } from '../../src/core/errors.ts';
import { silentLogger } from '../../src/core/logger.ts';
import { connectKafka } from '../../src/log/kafka/connection.ts';
import type { KafkaConnection } from '../../src/log/kafka/connection.ts';
import { parseKafkaUrl } from '../../src/log/kafka/url.ts';
import type { Log, TopicInfo } from '../../src/log/log.ts';

/** A name that no other test on the broker has. */
export function freshName(): string {
  return `x${randomBytes(5).toString('hex')}`;
}

export function connectTo(address: string, clock: Clock = systemClock): Promise<KafkaConnection> {
  return connectKafka(parseKafkaUrl(`kafka://${address}`, {}), { clock, logger: silentLogger });
}

/** The log as it were alone on its broker: its topics get names of its own there, and the rest is not seen. */
export function withOwnNames(log: Log, prefix: string): Log {
  const there = (name: string): string => `${prefix}.${name}`;
  const here = (text: string): string => text.replaceAll(`${prefix}.`, '');
  const seen = (info: TopicInfo): TopicInfo => ({ ...info, name: here(info.name) });

  async function run<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw error instanceof AppError ? new AppError(error.code, here(error.message), { retryable: error.retryable, cause: error }) : error;
    }
  }

  return {
    ensureTopic: (name, settings) => run(async () => seen(await log.ensureTopic(there(name), settings))),
    topics: () => run(async () => (await log.topics()).filter(({ name }) => name.startsWith(`${prefix}.`)).map(seen)),
    commit: (unit) =>
      run(() =>
        log.commit({
          ...unit,
          ...(unit.appends && { appends: unit.appends.map((each) => ({ ...each, topic: there(each.topic) })) }),
          ...(unit.offsets && { offsets: unit.offsets.map((each) => ({ ...each, topic: there(each.topic) })) }),
        }),
      ),
    read: (topic, ...rest) =>
      run(async () => {
        const batch = await log.read(there(topic), ...rest);
        return batch && { ...batch, topic };
      }),
    bounds: (topic, partition) => run(() => log.bounds(there(topic), partition)),
    offsetAt: (topic, partition, time) => run(() => log.offsetAt(there(topic), partition, time)),
    committed: (group, topic, partition) => run(() => log.committed(group, there(topic), partition)),
    state: (prefixOfKeys) => log.state(prefixOfKeys),
    applyRetention: () => log.applyRetention(),
    close: () => log.close(),
  };
}
