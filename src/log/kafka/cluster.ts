/** The brokers: who leads what, and requests that are repeated until they can be answered. */
import type { Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import type { Logger } from '../../core/logger.ts';
import { metadataV12, type API, type MetadataResponse } from './client.ts';
import { CALLS, createConnections } from './connections.ts';
import { explainKafkaError, kafkaErrorIds, mayPass } from './errors.ts';
import { greet } from './greeting.ts';
import { createPersist, type Persist } from './persist.ts';
import type { KafkaConfig } from './url.ts';

const METADATA_MAX_AGE_MS = 60_000;
/** Whoever is asked to stop waits for a broker that does not answer for so long at most. */
const STOP_GRACE_MS = 5_000;
const NAMES_SHOWN = 10;

export interface TopicMetadata {
  readonly id: string;
  /** Node of the leader by partition; -1: none just now. */
  readonly leaders: readonly number[];
  readonly internal: boolean;
}

/** Brokers, who leads which partition, and requests that are repeated until they can be answered. */
export interface Cluster {
  readonly config: KafkaConfig;
  /** Calls an API at a broker (a node's number, or any). `lane`: requests of one lane go through one connection, in order. */
  call<A extends unknown[], R>(api: API<A, R>, node: number | 'any', args: A, lane?: string): Promise<R>;
  readonly persist: Persist;
  /** All topics, asked anew. */
  topics(): Promise<ReadonlyMap<string, TopicMetadata>>;
  /** @throws AppError `topic_unknown` */
  topic(name: string): Promise<TopicMetadata>;
  /** @throws AppError `topic_unknown`, also for a partition that the topic does not have */
  leader(topic: string, partition: number): Promise<number>;
  /** The controller, asked anew: it makes topics. */
  controller(): Promise<number>;
  /** What is known about the topic is out of date. */
  forget(topic: string): void;
  readonly signal: AbortSignal;
  /** Who may be asked to stop waits for brokers that are missing; whoever is to end by itself says so. */
  readonly isPatient: boolean;
  close(): void;
}

interface ClusterDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal?: AbortSignal;
}

/** @throws AppError `log_unavailable`, `log_refused` */
export async function createCluster(config: KafkaConfig, deps: ClusterDeps): Promise<Cluster> {
  const { clock, logger } = deps;
  const closing = new AbortController();
  const { signal } = closing;
  let isConnected = false;
  const connections = createConnections(config, signal);
  const known = new Map<string, { topic: TopicMetadata; at: number }>();
  let controllerNode = -1;
  const persist = createPersist(config.shown, { clock, logger, signal });

  // Who is asked to stop still notes what it did, also where it must connect anew for that.
  const stop = (): void => {
    if (!isConnected) closing.abort();
    else setTimeout(() => closing.abort(), STOP_GRACE_MS).unref();
  };
  if (deps.signal?.aborted) stop();
  deps.signal?.addEventListener('abort', stop, { once: true });

  async function call<A extends unknown[], R>(api: API<A, R>, node: number | 'any', args: A, lane = CALLS): Promise<R> {
    try {
      return await api.async(await connections.get(node, lane), ...args);
    } catch (error) {
      if (!signal.aborted || !mayPass(error)) throw error;
      throw new AppError('log_unavailable', `${config.shown}: the connection is closed.`, { cause: error });
    }
  }

  function learn(response: MetadataResponse): Map<string, TopicMetadata> {
    connections.learn(response.brokers);
    controllerNode = response.controllerId;
    const learned = new Map<string, TopicMetadata>();
    for (const { name, topicId: id, partitions, isInternal: internal, errorCode } of response.topics) {
      if (typeof name !== 'string' || errorCode !== 0) continue;
      const leaders = Array.from({ length: partitions.length }, () => -1);
      for (const { partitionIndex, leaderId } of partitions) leaders[partitionIndex] = leaderId;
      learned.set(name, { id, leaders, internal });
      known.set(name, { topic: learned.get(name)!, at: clock.elapsed() });
    }
    return learned;
  }

  /** The client turns a topic's error into an error of the call; the call's answer is still in it. */
  async function metadata(names: string[] | null): Promise<{ topics: Map<string, TopicMetadata>; missing: boolean }> {
    try {
      return { topics: learn(await call(metadataV12.api, 'any', [names, false, false])), missing: false };
    } catch (error) {
      const response = (error as { response?: MetadataResponse }).response;
      const ids = kafkaErrorIds(error);
      // A partition without a leader is an error of the answer too: its leader is then -1.
      if (
        !response ||
        ids.some(
          (id) =>
            id !== 'UNKNOWN_TOPIC_OR_PARTITION' &&
            id !== 'LEADER_NOT_AVAILABLE' &&
            id !== 'LISTENER_NOT_FOUND' &&
            id !== 'REPLICA_NOT_AVAILABLE' &&
            id !== 'INVALID_TOPIC_EXCEPTION',
        )
      )
        throw error;
      return { topics: learn(response), missing: ids.includes('UNKNOWN_TOPIC_OR_PARTITION') };
    }
  }

  async function topic(name: string): Promise<TopicMetadata> {
    const cached = known.get(name);
    if (cached && clock.elapsed() - cached.at < METADATA_MAX_AGE_MS) return cached.topic;
    const found = await persist(`ask for topic ${name}`, async () => (await metadata([name])).topics.get(name));
    if (found) return found;
    known.delete(name);
    const all = [...(await topics())].filter(([, { internal }]) => !internal).map(([each]) => each);
    throw new AppError('topic_unknown', `There is no topic ${name} at ${config.shown}: the log has ${someNames(all, name)}.`);
  }

  async function topics(): Promise<ReadonlyMap<string, TopicMetadata>> {
    return persist('list the topics', async () => (await metadata(null)).topics);
  }

  async function leader(name: string, partition: number): Promise<number> {
    let found = await topic(name);
    if (partition >= found.leaders.length) {
      // It may have grown since we asked.
      known.delete(name);
      found = await topic(name);
    }
    const node = found.leaders[partition];
    if (node === undefined)
      throw new AppError('topic_unknown', `Topic ${name} has no partition ${partition}: it has ${found.leaders.length}.`);
    if (node === -1) {
      known.delete(name);
      throw new AppError('log_unavailable', `${config.shown}: ${name}/${partition} has no leader.`, { retryable: true });
    }
    return node;
  }

  function close(): void {
    deps.signal?.removeEventListener('abort', stop);
    closing.abort();
  }

  try {
    const connect = (): Promise<void> => greet({ config, signal, call, connections, askMetadata: () => metadata([]) });
    if (deps.signal) await persist('connect', connect);
    else await connect();
    isConnected = true;
  } catch (error) {
    close();
    throw explainKafkaError(error, config.shown, 'connect');
  }
  return {
    config,
    call,
    persist,
    topics,
    topic,
    leader,
    async controller() {
      await metadata([]);
      return controllerNode;
    },
    forget: (name) => void known.delete(name),
    signal,
    isPatient: deps.signal !== undefined,
    close,
  };
}

/** Those that look like the one that was asked for, or the first few: a cluster may hold thousands. */
function someNames(names: readonly string[], asked: string): string {
  const alike = names.filter((name) => name.includes(asked) || asked.includes(name));
  const shown = (alike.length > 0 ? alike : names).toSorted().slice(0, NAMES_SHOWN);
  const more = names.length - shown.length;
  return `${shown.join(', ') || 'none'}${more > 0 ? ` and ${more} more` : ''}`;
}
