/** The topics of a log on Kafka: as they are asked for, whether they are there or not. */
import { counted } from '../../core/counted.ts';
import { AppError } from '../../core/errors.ts';
import type { Logger } from '../../core/logger.ts';
import type { TopicInfo, TopicSettings } from '../log.ts';
import type { Cluster, TopicMetadata } from './cluster.ts';
import { configsFor, configsToMake, createTopicConfigs, type Configs } from './topic-configs.ts';
import { createTopicMaker } from './topic-maker.ts';

export interface Topics {
  ensure(name: string, settings: TopicSettings): Promise<TopicInfo>;
  /**
   * Makes a compacted topic with these settings of Kafka's, or takes the one that is there, with the partitions that it lacks.
   * @throws AppError `topic_conflict` where that one deletes by age
   */
  ensureCompacted(name: string, partitions: number, wanted: Configs): Promise<void>;
  all(): Promise<TopicInfo[]>;
  appendTimesOf(topic: string): Promise<'broker' | 'producer'>;
}

export function createTopics(cluster: Cluster, logger: Logger): Topics {
  const configs = createTopicConfigs(cluster, logger);
  const { find, create, grow } = createTopicMaker(cluster);

  return {
    async ensure(name, settings) {
      const { partitions, retentionMs, retentionBytes } = settings;
      const asked = retentionMs !== undefined || retentionBytes !== undefined;
      cluster.forget(name);
      let found = await find(name);
      if (!found) found = await create(name, partitions, configsToMake(settings));
      if (found.leaders.length < partitions && settings.mayGrow) found = await grow(name, partitions);
      if (found.leaders.length !== partitions && !settings.mayGrow) {
        throw new AppError(
          'topic_conflict',
          `Topic ${name} has ${counted(found.leaders.length, 'partition')}, ${partitions} are asked for. Name another topic, or ask for ${found.leaders.length}.`,
        );
      }
      // Only where they are asked for: an existing topic may be somebody's with settings of their own.
      if (asked) await configs.change(name, configsFor(settings, found.leaders.length));
      return infoOf(name, found, await configs.one(name));
    },

    async ensureCompacted(name, partitions, wanted) {
      const found = (await find(name)) ?? (await create(name, partitions, wanted));
      const policy = (await configs.one(name))?.['cleanup.policy'];
      if (policy !== undefined && policy !== 'compact') {
        const wrong = `has cleanup.policy=${policy}, and state needs compact`;
        throw new AppError('topic_conflict', `Topic ${name} ${wrong}. Mend it, or delete it if nothing in it is needed.`);
      }
      // What one partition keeps is its own: those that are there stay as they are.
      if (found.leaders.length < partitions) await grow(name, partitions);
    },

    async all() {
      const found = [...(await cluster.topics())].filter(([, { internal }]) => !internal).sort(([a], [b]) => (a < b ? -1 : 1));
      const current = await configs.all(found.map(([name]) => name));
      return found.map(([name, topic]) => infoOf(name, topic, current.get(name)));
    },

    async appendTimesOf(name) {
      await cluster.topic(name);
      return (await configs.one(name))?.['message.timestamp.type'] === 'LogAppendTime' ? 'broker' : 'producer';
    },
  };
}

function infoOf(name: string, { id, leaders }: TopicMetadata, configs: Configs | undefined): TopicInfo {
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
