/** Settings of topics, as Kafka names them: read, and changed where that is asked for. */
import { AppError } from '../../core/errors.ts';
import type { Logger } from '../../core/logger.ts';
import type { TopicSettings } from '../log.ts';
import { describeConfigsV4, incrementalAlterConfigsV1 } from './client.ts';
import type { Cluster } from './cluster.ts';
import { kafkaErrorIds } from './errors.ts';

/** By name of the setting. */
export type Configs = Readonly<Record<string, string>>;

export interface TopicConfigs {
  /** By topic; of those that may be read: that is a permission of its own. */
  all(names: readonly string[]): Promise<Map<string, Configs>>;
  one(name: string): Promise<Configs | undefined>;
  /** Resolves when brokers know them. Where changing them is refused that is said, and the topic keeps what it has. */
  change(name: string, wanted: Configs): Promise<void>;
}

const TOPIC = 2;
const SET = 0;
const READ_CONFIGS = ['retention.ms', 'retention.bytes', 'message.timestamp.type', 'cleanup.policy'];

/** Brokers take batches of this size unless told otherwise. */
const TAKEN_BYTES = 1_048_588;
/** The largest batch that a topic is asked to take. */
export const MAX_BATCH_BYTES = 32 << 20;

/** What a worker writes whose clock is an hour ahead is refused otherwise (message.timestamp.after.max.ms). */
export const BROKER_TIMES = { 'message.timestamp.type': 'LogAppendTime' } as const;

export function createTopicConfigs(cluster: Cluster, logger: Logger): TopicConfigs {
  async function all(names: readonly string[]): Promise<Map<string, Configs>> {
    if (names.length === 0) return new Map();
    const resources = names.map((resourceName) => ({ resourceType: TOPIC, resourceName, configurationKeys: READ_CONFIGS }) as const);
    return cluster.persist('read the settings of topics', async () => {
      try {
        const { results } = await cluster.call(describeConfigsV4.api, 'any', [resources, false, false]);
        return new Map(
          results.map(({ resourceName, configs }) => [
            resourceName,
            Object.fromEntries(configs.map(({ name, value }) => [name, value ?? ''])),
          ]),
        );
      } catch (error) {
        // Reading settings is a permission of its own, and nothing depends on it but what people are shown.
        if (kafkaErrorIds(error).some((id) => id.endsWith('AUTHORIZATION_FAILED'))) return new Map();
        throw error;
      }
    });
  }

  async function one(name: string): Promise<Configs | undefined> {
    return (await all([name])).get(name);
  }

  async function change(name: string, wanted: Configs): Promise<void> {
    const current = await one(name);
    if (current && holds(current, wanted)) return;
    const configs = Object.entries(wanted).map(([key, value]) => ({ name: key, configOperation: SET, value }) as const);
    try {
      await cluster.persist(`change the settings of topic ${name}`, async () => {
        await cluster.call(incrementalAlterConfigsV1.api, await cluster.controller(), [
          [{ resourceType: TOPIC, resourceName: name, configs }],
          false,
        ]);
      });
    } catch (error) {
      if (!(error instanceof AppError && error.code === 'log_refused')) throw error;
      logger.warn(`${error.message} Topic ${name} keeps the settings it has.`);
      return;
    }
    // Brokers hear of it from the controller a moment later.
    await cluster.persist(`see the settings of topic ${name}`, async () => {
      const seen = await one(name);
      if (!seen || holds(seen, wanted)) return;
      throw new AppError('log_unavailable', `${cluster.config.shown}: topic ${name} has not got its settings yet.`, { retryable: true });
    });
  }

  return { all, one, change };
}

function holds(current: Configs, wanted: Configs): boolean {
  return Object.entries(wanted).every(([key, value]) => current[key] === value);
}

/** For a topic that has to be made. */
export function configsToMake(settings: TopicSettings): Configs {
  const { partitions, recordBytes = 0 } = settings;
  const maxBytes = Math.min(recordBytes, MAX_BATCH_BYTES);
  return { ...configsFor(settings, partitions), ...(maxBytes > TAKEN_BYTES && { 'max.message.bytes': String(maxBytes) }) };
}

/** Kafka counts bytes per partition, we per topic. */
export function configsFor({ retentionMs, retentionBytes, keeperTimes }: TopicSettings, partitions: number): Configs {
  return {
    ...(keeperTimes && BROKER_TIMES),
    'retention.ms': String(retentionMs ?? -1),
    'retention.bytes': String(retentionBytes === undefined ? -1 : Math.ceil(retentionBytes / partitions)),
  };
}
