/** Repeating what cannot be answered just now; the person at the terminal hears of it. */
import { sleep, type Clock } from '../../core/clock.ts';
import type { Logger } from '../../core/logger.ts';
import { explainKafkaError, kafkaErrorIds, mayPass } from './errors.ts';

const BACK_OFF_MS = { first: 50, most: 2_000 };
/** How long waiting goes on before it is told. */
const QUIET_MS = 1_000;

/**
 * Repeats what may pass, with back-off, until the signal (default: until the connection is closed). `doing`: as in "append to ad-events/3".
 * @throws AppError what will not pass; once the signal has aborted, what failed last
 */
export type Persist = <T>(doing: string, attempt: () => Promise<T>, until?: AbortSignal) => Promise<T>;

interface PersistDeps {
  readonly clock: Pick<Clock, 'elapsed'>;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** `shown`: the address without secrets, for messages. */
export function createPersist(shown: string, { clock, logger, signal }: PersistDeps): Persist {
  /** Whose waiting was told: of all that wait at a time one speaks, and says when it is over. */
  let speaker: symbol | undefined;

  return async (doing, attempt, until = signal) => {
    const me = Symbol(doing);
    const since = clock.elapsed();
    const answered = (): void => {
      if (speaker === me) logger.info(`${shown}: reached again (${doing}).`);
    };
    try {
      for (let waitMs = BACK_OFF_MS.first; ; waitMs = Math.min(2 * waitMs, BACK_OFF_MS.most)) {
        try {
          const result = await attempt();
          answered();
          return result;
        } catch (error) {
          const explained = explainKafkaError(error, shown, doing);
          const isFinal = !mayPass(error);
          // A refusal by Kafka is an answer too: of a member whose place was given away meanwhile it is the usual one.
          if (isFinal && kafkaErrorIds(error).length > 0) answered();
          if (isFinal || until.aborted) throw explained;
          if (!speaker && clock.elapsed() - since > QUIET_MS) {
            speaker = me;
            logger.warn(`${explained instanceof Error ? explained.message : String(explained)} Waiting, and trying again.`);
          }
          await sleep(waitMs, until);
          if (until.aborted) throw explained;
        }
      }
    } finally {
      if (speaker === me) speaker = undefined;
    }
  };
}
