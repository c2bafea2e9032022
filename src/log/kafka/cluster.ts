/** The brokers: connections to them, who leads what, and requests that are repeated until they can be answered. */
import { Connection, apiVersionsV3, metadataV12 } from '@platformatic/kafka';
import type { API } from '@platformatic/kafka';
import type { Clock } from '../../core/clock.ts';
import { sleep } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import type { Logger } from '../../core/logger.ts';
import { explainKafkaError, kafkaErrorIds, mayPass } from './errors.ts';
import type { KafkaConfig } from './url.ts';

const BACK_OFF_MS = { first: 50, most: 2_000 };
const CONNECT_TIMEOUT_MS = 5_000;
/** Longer than the longest wait that we ask a broker for. */
const REQUEST_TIMEOUT_MS = 30_000;
/** What is no broker may keep silent: the first answer of all is not waited for so long. */
const FIRST_ANSWER_TIMEOUT_MS = 10_000;
/** So often in a row, between greetings that it answers, a broker hangs up before that is taken for its answer. */
const HANG_UPS = 5;
const HANG_UP_PAUSE_MS = 500;
const FIRST_CONNECTION = 'any calls';
const METADATA_MAX_AGE_MS = 60_000;
/** Whoever is asked to stop waits for a broker that does not answer for so long at most. */
const STOP_GRACE_MS = 5_000;
const NAMES_SHOWN = 10;
/** How long waiting goes on before the person at the terminal hears of it. */
const QUIET_MS = 1_000;

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
  connection(node: number | 'any', lane: string): Promise<Connection>;
  /** Repeats what may pass, with back-off, until the connection is closed. `doing`: as in "append to ad-events/3". */
  persist<T>(doing: string, attempt: () => Promise<T>): Promise<T>;
  /** All topics, asked anew. */
  topics(): Promise<ReadonlyMap<string, TopicMetadata>>;
  /** @throws AppError `topic_unknown` */
  topic(name: string): Promise<TopicMetadata>;
  /** @throws AppError `topic_unknown`, also for a partition that the topic does not have */
  leader(topic: string, partition: number): Promise<number>;
  /** The controller: it makes topics. */
  controller(): Promise<number>;
  /** What is known about the topic is out of date. */
  forget(topic: string): void;
  readonly signal: AbortSignal;
  close(): Promise<void>;
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
  const connections = new Map<string, Promise<Connection>>();
  const nodes = new Map<number, { host: string; port: number }>();
  const known = new Map<string, { topic: TopicMetadata; at: number }>();
  let controllerNode = -1;
  /** Whether the person at the terminal knows that something does not answer. */
  let told = false;

  // Who is asked to stop still notes what it did, also where it must connect anew for that.
  const stop = (): void => {
    if (!isConnected) closing.abort();
    else setTimeout(() => closing.abort(), STOP_GRACE_MS).unref();
  };
  if (deps.signal?.aborted) stop();
  deps.signal?.addEventListener('abort', stop, { once: true });

  async function open(broker: { host: string; port: number }): Promise<Connection> {
    const { tls, sasl } = config;
    const opened = new Connection('tocsin', {
      connectTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      ...(tls && { tls, tlsServerName: tls.servername ?? !/^[\d.]+$|:/.test(broker.host) }),
      ...(sasl && { sasl }),
    });
    // Errors reach the requests that they end; without a listener they would end the process.
    opened.on('error', () => {});
    await opened.connect(broker.host, broker.port);
    return opened;
  }

  async function openAny(): Promise<Connection> {
    const tried: unknown[] = [];
    for (const broker of [...nodes.values(), ...config.brokers]) {
      try {
        return await open(broker);
      } catch (error) {
        if (!mayPass(error)) throw error;
        tried.push(error);
      }
    }
    throw new AggregateError(tried, (tried.at(-1) as Error).message);
  }

  function connection(node: number | 'any', lane: string): Promise<Connection> {
    if (signal.aborted) return Promise.reject(new AppError('log_unavailable', `${config.shown}: the connection is closed.`));
    const name = `${node} ${lane}`;
    const found = connections.get(name);
    if (found) return found;
    const broker = node === 'any' ? undefined : nodes.get(node);
    const opening = node === 'any' ? openAny() : broker ? open(broker) : Promise.reject(nowhere(node));
    const forgetIt = (): void => {
      if (connections.get(name) === opening) connections.delete(name);
    };
    connections.set(name, opening);
    opening.then((one) => one.once('close', forgetIt), forgetIt);
    return opening;
  }

  function nowhere(node: number): AppError {
    return new AppError('log_unavailable', `${config.shown}: broker ${node} is not there.`, { retryable: true });
  }

  async function call<A extends unknown[], R>(api: API<A, R>, node: number | 'any', args: A, lane = 'calls'): Promise<R> {
    return api.async(await connection(node, lane), ...args);
  }

  async function persist<T>(doing: string, attempt: () => Promise<T>): Promise<T> {
    const since = clock.elapsed();
    for (let waitMs = BACK_OFF_MS.first; ; waitMs = Math.min(2 * waitMs, BACK_OFF_MS.most)) {
      try {
        const result = await attempt();
        if (told && waitMs > BACK_OFF_MS.first) {
          told = false;
          logger.info(`${config.shown}: reached again (${doing}).`);
        }
        return result;
      } catch (error) {
        const explained = explainKafkaError(error, config.shown, doing);
        if (!mayPass(error) || signal.aborted) throw explained;
        if (!told && clock.elapsed() - since > QUIET_MS) {
          told = true;
          logger.warn(`${explained instanceof Error ? explained.message : String(explained)} Waiting, and trying again.`);
        }
        await sleep(waitMs, signal);
        if (signal.aborted) throw explained;
      }
    }
  }

  function learn(response: metadataV12.MetadataResponse): Map<string, TopicMetadata> {
    nodes.clear();
    for (const { nodeId, host, port } of response.brokers) nodes.set(nodeId, { host, port });
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
      const response = (error as { response?: metadataV12.MetadataResponse }).response;
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

  /** A broker that wants a login says who it is to anybody, and then hangs up; so does now and then one that is just going down. */
  async function connect(): Promise<void> {
    for (let hungUp = 1; ; hungUp++) {
      await greet();
      try {
        await metadata([]);
        return;
      } catch (error) {
        if (config.sasl || kafkaErrorIds(error).length > 0 || !(error as Error).message.startsWith('Connection closed')) throw error;
        const says =
          'the broker hangs up on whoever has not logged in. Set sasl= in --log, with TOCSIN_KAFKA_USERNAME and TOCSIN_KAFKA_PASSWORD.';
        if (hungUp === HANG_UPS) throw new AppError('log_refused', `${config.shown}: ${says}`, { cause: error });
        await sleep(HANG_UP_PAUSE_MS, signal);
      }
    }
  }

  async function greet(): Promise<void> {
    const { apiKeys } = await firstAnswer(call(apiVersionsV3.api, 'any', ['tocsin', '1']));
    const most = apiKeys.find(({ apiKey }) => apiKey === metadataV12.api.key)?.maxVersion ?? 0;
    if (most < metadataV12.api.version) {
      throw new AppError(
        'log_refused',
        `${config.shown}: the broker is too old (Metadata v${most}). Tocsin needs Kafka 3.1 or newer: upgrade it, or name another in --log.`,
      );
    }
  }

  async function firstAnswer<T>(answer: Promise<T>): Promise<T> {
    const answered = new AbortController();
    const silent = sleep(FIRST_ANSWER_TIMEOUT_MS, AbortSignal.any([answered.signal, signal])).then(() => {
      const says = `cannot connect: no answer within ${FIRST_ANSWER_TIMEOUT_MS / 1_000} s. Is that the port of Kafka, and is --log right?`;
      throw new AppError('log_unavailable', `${config.shown}: ${says}`, { retryable: true });
    });
    silent.catch(() => {});
    answer.catch(() => {});
    try {
      return await Promise.race([answer, silent]);
    } catch (error) {
      // The next attempt begins with a connection of its own.
      const opened = connections.get(FIRST_CONNECTION);
      connections.delete(FIRST_CONNECTION);
      opened?.then((one) => one.close()).catch(() => {});
      throw error;
    } finally {
      answered.abort();
    }
  }

  async function close(): Promise<void> {
    deps.signal?.removeEventListener('abort', stop);
    closing.abort();
    const settled = await Promise.allSettled(connections.values());
    await Promise.all(settled.flatMap((each) => (each.status === 'fulfilled' ? [each.value.close()] : [])));
  }

  try {
    if (deps.signal) await persist('connect', connect);
    else await connect();
    isConnected = true;
  } catch (error) {
    await close();
    throw explainKafkaError(error, config.shown, 'connect');
  }
  return {
    config,
    call,
    connection,
    persist,
    topics,
    topic,
    leader,
    async controller() {
      if (controllerNode === -1) await metadata([]);
      return controllerNode;
    },
    forget: (name) => void known.delete(name),
    signal,
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
