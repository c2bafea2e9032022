/** The topics of a broker: made, grown and given their settings where that is asked for. */
import { createPartitionsV3, createTopicsV7, describeConfigsV4, incrementalAlterConfigsV1 } from '@platformatic/kafka';
import { AppError } from '../../core/errors.ts';
import type { Logger } from '../../core/logger.ts';
import type { TopicInfo, TopicSettings } from '../log.ts';
import type { Cluster, TopicMetadata } from './cluster.ts';
import { explainKafkaError, kafkaErrorIds } from './errors.ts';

const TOPIC = 2;
const SET = 0;
const READ_CONFIGS = ['retention.ms', 'retention.bytes', 'message.timestamp.type', 'cleanup.policy'];
const TIMEOUT_MS = 20_000;

/** What a worker writes whose clock is an hour ahead is refused otherwise (message.timestamp.after.max.ms). */
export const BROKER_TIMES = { 'message.timestamp.type': 'LogAppendTime' } as const;

type Configs = Readonly<Record<string, string>>;

export interface Topics {
  ensure(name: string, settings: TopicSettings): Promise<TopicInfo>;
  /**
   * Makes a compacted topic with these settings of Kafka's, or takes the one that is there.
   * @throws AppError `topic_conflict` where that one has fewer partitions, or deletes by age
   */
  ensureCompacted(name: string, partitions: number, configs: Configs): Promise<void>;
  all(): Promise<TopicInfo[]>;
  appendTimesOf(topic: string): Promise<'broker' | 'producer'>;
}

export function createTopics(cluster: Cluster, logger: Logger): Topics {
  async function find(name: string): Promise<TopicMetadata | undefined> {
    try {
      return await cluster.topic(name);
    } catch (error) {
      if (error instanceof AppError && error.code === 'topic_unknown') return undefined;
      throw error;
    }
  }

  /** Resolves when a leader of each partition is known: only then can the topic be used. */
  async function whenReady(name: string, partitions: number): Promise<TopicMetadata> {
    return cluster.persist(`use topic ${name}`, async () => {
      cluster.forget(name);
      const found = await find(name);
      if (found && found.leaders.length >= partitions && !found.leaders.includes(-1)) return found;
      throw new AppError('log_unavailable', `${cluster.config.shown}: topic ${name} is not ready yet.`, { retryable: true });
    });
  }

  async function create(name: string, partitions: number, configs: Configs): Promise<TopicMetadata> {
    const listed = Object.entries(configs).map(([key, value]) => ({ name: key, value }));
    const topic = { name, numPartitions: partitions, replicationFactor: -1, assignments: [], configs: listed };
    await cluster.persist(`create topic ${name}`, async () => {
      try {
        await cluster.call(createTopicsV7.api, await cluster.controller(), [[topic], TIMEOUT_MS, false]);
      } catch (error) {
        const ids = kafkaErrorIds(error);
        if (ids.includes('TOPIC_ALREADY_EXISTS')) return;
        if (ids.includes('INVALID_REPLICATION_FACTOR')) throw tooFewBrokers(error, name);
        throw explainCreation(error, name);
      }
    });
    return whenReady(name, partitions);
  }

  /** Those that are missing may only be starting: a run that stays waits for them. */
  function tooFewBrokers(cause: unknown, name: string): AppError {
    const found = `topic ${name} is to have more copies than there are brokers now (default.replication.factor)`;
    const mend = 'Start the others, or create it beforehand with fewer.';
    return new AppError('log_unavailable', `${cluster.config.shown}: ${found}. ${mend}`, { retryable: cluster.isPatient, cause });
  }

  function explainCreation(error: unknown, name: string): unknown {
    const refusal = kafkaErrorIds(error).find((id) => /AUTHORIZATION|POLICY|INVALID_TOPIC|INVALID_CONFIG|INVALID_PARTITIONS/.test(id));
    if (refusal === undefined) return error;
    const says = explainKafkaError(error, cluster.config.shown, `create topic ${name}`);
    const mend = `Topic ${name} cannot be created (${refusal}): create it beforehand, or let this user create topics (kafka-acls --operation Create).`;
    return new AppError('log_refused', `${mend} ${says instanceof Error ? says.message : ''}`.trim(), { cause: error });
  }

  async function configsOf(names: readonly string[]): Promise<Map<string, Configs>> {
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

  async function infoOf(name: string, { id, leaders }: TopicMetadata, configs: Configs | undefined): Promise<TopicInfo> {
    const retentionMs = Number(configs?.['retention.ms'] ?? -1);
    const retentionBytes = Number(configs?.['retention.bytes'] ?? -1);
    const partitions = leaders.length;
    return {
      name,
      id,
      partitions,
      ...(retentionMs >= 0 && { retentionMs }),
      ...(retentionBytes >= 0 && { retentionBytes: retentionBytes * partitions }),
    };
  }

  async function grow(name: string, partitions: number): Promise<TopicMetadata> {
    await cluster.persist(`add partitions to topic ${name}`, async () => {
      try {
        await cluster.call(createPartitionsV3.api, await cluster.controller(), [
          [{ name, count: partitions, assignments: null }],
          TIMEOUT_MS,
          false,
        ]);
      } catch (error) {
        // Another one was faster.
        if (!kafkaErrorIds(error).includes('INVALID_PARTITIONS')) throw error;
      }
    });
    return whenReady(name, partitions);
  }

  /** Settings are changed only where they are asked for and differ: an existing topic may be somebody's with settings of their own. */
  async function updateSettings(name: string, wanted: Configs, asked: boolean): Promise<void> {
    if (!asked) return;
    const current = (await configsOf([name])).get(name);
    if (current && Object.entries(wanted).every(([key, value]) => current[key] === value)) return;
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
      const seen = (await configsOf([name])).get(name);
      if (!seen || Object.entries(wanted).every(([key, value]) => seen[key] === value)) return;
      throw new AppError('log_unavailable', `${cluster.config.shown}: topic ${name} has not got its settings yet.`, { retryable: true });
    });
  }

  async function ensure(name: string, settings: TopicSettings): Promise<TopicInfo> {
    const { partitions, retentionMs, retentionBytes } = settings;
    const asked = retentionMs !== undefined || retentionBytes !== undefined;
    cluster.forget(name);
    let found = await find(name);
    if (!found) found = await create(name, partitions, configsFor(settings, partitions));
    if (found.leaders.length < partitions && settings.mayGrow) found = await grow(name, partitions);
    if (found.leaders.length !== partitions && !settings.mayGrow) {
      throw new AppError(
        'topic_conflict',
        `Topic ${name} has ${found.leaders.length} partitions, ${partitions} are asked for. Name another topic, or ask for ${found.leaders.length}.`,
      );
    }
    await updateSettings(name, configsFor(settings, found.leaders.length), asked);
    return infoOf(name, found, (await configsOf([name])).get(name));
  }

  return {
    ensure,

    async ensureCompacted(name, partitions, configs) {
      const found = (await find(name)) ?? (await create(name, partitions, configs));
      const policy = (await configsOf([name])).get(name)?.['cleanup.policy'];
      const wrong =
        found.leaders.length < partitions
          ? `has ${found.leaders.length} partitions, and ${partitions} are needed`
          : policy !== undefined && policy !== 'compact'
            ? `has cleanup.policy=${policy}, and state needs compact`
            : undefined;
      if (wrong) throw new AppError('topic_conflict', `Topic ${name} ${wrong}. Mend it, or delete it if nothing in it is needed.`);
    },

    async all() {
      const found = [...(await cluster.topics())].filter(([, { internal }]) => !internal).sort(([a], [b]) => (a < b ? -1 : 1));
      const configs = await configsOf(found.map(([name]) => name));
      return Promise.all(found.map(([name, topic]) => infoOf(name, topic, configs.get(name))));
    },

    async appendTimesOf(name) {
      await cluster.topic(name);
      return (await configsOf([name])).get(name)?.['message.timestamp.type'] === 'LogAppendTime' ? 'broker' : 'producer';
    },
  };
}

/** Kafka counts bytes per partition, we per topic. */
function configsFor({ retentionMs, retentionBytes, keeperTimes }: TopicSettings, partitions: number): Configs {
  return {
    ...(keeperTimes && BROKER_TIMES),
    'retention.ms': String(retentionMs ?? -1),
    'retention.bytes': String(retentionBytes === undefined ? -1 : Math.ceil(retentionBytes / partitions)),
  };
}
