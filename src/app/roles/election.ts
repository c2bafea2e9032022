/** The one active member of a stage: whoever is given the only partition of a topic, by the rules of Kafka's consumer groups. */
import { sleep } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import type { Logger } from '../../core/logger.ts';
import type { KafkaConnection } from '../../log/kafka/connection.ts';
import type { Standing } from '../../log/kafka/standing.ts';

export interface ElectionConfig {
  /** `adtech.monitor` */
  readonly group: string;
  /** Has one partition. */
  readonly topic: string;
  /** What is elected, for messages: `monitor of adtech`. */
  readonly what: string;
  readonly sessionTimeoutMs: number;
}

export interface ElectionDeps {
  readonly connection: Pick<KafkaConnection, 'join'>;
  readonly logger: Logger;
}

/** After it was overtaken, a member that is still the elected one begins anew; how often the group is asked. */
const AGAIN_MS = 1_000;

/**
 * Does `work` whenever this process is the active member, until the signal. Its own signal aborts when the term ends; the next member
 * begins when it has settled.
 * @throws what `work` throws, except that another one has taken over
 */
export async function whileElected(
  config: ElectionConfig,
  deps: ElectionDeps,
  signal: AbortSignal,
  work: (signal: AbortSignal, standing: Standing) => Promise<void>,
): Promise<void> {
  const { group, topic, what, sessionTimeoutMs } = config;
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => {});
  let term: { readonly stop: AbortController; readonly done: Promise<void> } | undefined;

  async function serve(until: AbortSignal, standing: Standing): Promise<void> {
    while (!until.aborted) {
      try {
        await work(until, standing);
        return;
      } catch (error) {
        if (!(error instanceof AppError && error.code === 'log_fenced')) throw error;
        deps.logger.warn(`${what}: another process has taken over`);
        // Mostly it is this one that has lost its place and does not know: beginning anew it would take over from the one elected.
        do await sleep(AGAIN_MS, until);
        while (!until.aborted && !(await standing.holds()));
      }
    }
  }

  async function end(): Promise<void> {
    term?.stop.abort();
    await term?.done;
    term = undefined;
  }

  const membership = await deps.connection.join(
    { group, topics: [topic], sessionTimeoutMs, signal },
    {
      async onAssigned(assigned, _generation, standing) {
        await end();
        if (signal.aborted) return;
        if (assigned.length === 0) {
          deps.logger.info(`${what}: stands by, another process is active`);
          return;
        }
        const stop = new AbortController();
        term = { stop, done: serve(AbortSignal.any([signal, stop.signal]), standing).catch(failed.reject) };
      },
      onRevoked: end,
      onLost() {
        if (term) deps.logger.warn(`${what}: was not heard of within its session, and has lost its place`);
        return end();
      },
    },
  );
  try {
    await Promise.race([whenAborted(signal), failed.promise, membership.ended]);
    await term?.done;
  } finally {
    await end();
    await membership.leave();
  }
  // What failed at the very end counts too.
  await Promise.race([failed.promise, Promise.resolve()]);
}

export function whenAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
