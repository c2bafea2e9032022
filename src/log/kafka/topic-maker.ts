/** Topics of a broker, found, made and grown; what these hand out can be used at once. */
import { AppError } from '../../core/errors.ts';
import { createPartitionsV3, createTopicsV7 } from './client.ts';
import type { Cluster, TopicMetadata } from './cluster.ts';
import { explainKafkaError, kafkaErrorIds } from './errors.ts';
import type { Configs } from './topic-configs.ts';

export interface TopicMaker {
  find(name: string): Promise<TopicMetadata | undefined>;
  /** Makes the topic, or takes the one that somebody else makes at the same time. @throws AppError `log_refused`, `log_unavailable` */
  create(name: string, partitions: number, configs: Configs): Promise<TopicMetadata>;
  /** Has so many partitions in it, or more where somebody else was faster. */
  grow(name: string, partitions: number): Promise<TopicMetadata>;
}

const TIMEOUT_MS = 20_000;

export function createTopicMaker(cluster: Cluster): TopicMaker {
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

  return { find, create, grow };
}
