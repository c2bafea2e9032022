/** The first words with a broker: that it is one, new enough, and lets us in. */
import { sleep } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import { apiVersionsV3, metadataV12, type API } from './client.ts';
import { CALLS, type Connections } from './connections.ts';
import { kafkaErrorIds } from './errors.ts';
import type { KafkaConfig } from './url.ts';

/** What is no broker may keep silent: the first answer of all is not waited for so long. */
const FIRST_ANSWER_TIMEOUT_MS = 10_000;
/** So often in a row, between greetings that it answers, a broker hangs up before that is taken for its answer. */
const HANG_UPS = 5;
const HANG_UP_PAUSE_MS = 500;

export interface GreetingDeps {
  readonly config: KafkaConfig;
  readonly signal: AbortSignal;
  /** In the lane `CALLS`. */
  readonly call: <A extends unknown[], R>(api: API<A, R>, node: 'any', args: A) => Promise<R>;
  readonly connections: Pick<Connections, 'drop'>;
  /** Asks for metadata of the brokers alone. */
  readonly askMetadata: () => Promise<unknown>;
}

/**
 * A broker that wants a login says who it is to anybody, and then hangs up; so does now and then one that is just going down.
 * @throws AppError `log_refused`, `log_unavailable`, and what the client says
 */
export async function greet(deps: GreetingDeps): Promise<void> {
  const { config, signal, askMetadata } = deps;
  for (let hungUp = 1; ; hungUp++) {
    await checkVersion(deps);
    try {
      await askMetadata();
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

async function checkVersion(deps: GreetingDeps): Promise<void> {
  const { apiKeys } = await firstAnswer(deps.call(apiVersionsV3.api, 'any', ['tocsin', '1']), deps);
  const most = apiKeys.find(({ apiKey }) => apiKey === metadataV12.api.key)?.maxVersion ?? 0;
  if (most < metadataV12.api.version) {
    throw new AppError(
      'log_refused',
      `${deps.config.shown}: the broker is too old (Metadata v${most}). Tocsin needs Kafka 3.1 or newer: upgrade it, or name another in --log.`,
    );
  }
}

async function firstAnswer<T>(answer: Promise<T>, { config, connections, signal }: GreetingDeps): Promise<T> {
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
    connections.drop('any', CALLS);
    throw error;
  } finally {
    answered.abort();
  }
}
