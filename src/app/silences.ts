/** The silences of a pipeline for whoever lists them, adds one or ends one: by what stands on their topic, wherever that is done. */
import type { Clock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import { packRecords } from '../log/batch.ts';
import type { Log } from '../log/log.ts';
import { createSilenceBook } from '../notify/silence-book.ts';
import { makeSilence, SILENCES_MAX, type Silenceable, type SilenceRequest } from '../notify/silence-request.ts';
import { statusOf, type Silence } from '../notify/silence.ts';
import { readSilences } from '../pipeline/silence-tail.ts';

export interface Silences {
  /** All that are kept, the newest first. */
  list(): Promise<readonly Silence[]>;
  /** Durable when it resolves; the notifier hears of it within a second. @throws AppError `usage`, `silence_limit`, and those of the log */
  add(request: SilenceRequest): Promise<Silence>;
  /** Ends it now; one that is over stays as it is. @throws AppError `silence_unknown`, and those of the log */
  end(id: string): Promise<Silence>;
}

export interface SilencesDeps {
  readonly log: Pick<Log, 'read'>;
  readonly commit: (unit: Pick<Parameters<Log['commit']>[0], 'appends'>) => Promise<unknown>;
  readonly clock: Pick<Clock, 'now'>;
  readonly newId: () => string;
}

export function createSilences(config: Silenceable & { readonly topic: string }, deps: SilencesDeps): Silences {
  const { log, commit, clock, newId } = deps;
  const { pipeline, topic } = config;
  const book = createSilenceBook();
  // What is none of ours the notifier warns of.
  const tail = readSilences(log, topic, (record) => void book.take(record, clock.now()));

  async function write(silence: Silence): Promise<Silence> {
    await commit({ appends: [{ topic, partition: 0, ...packRecords([JSON.stringify(silence)], [silence.id]) }] });
    return silence;
  }

  return {
    async list() {
      await tail.catchUp();
      return book.all();
    },
    async add(request) {
      const nowMs = clock.now();
      const silence = makeSilence(request, config, { nowMs, id: newId() });
      await tail.catchUp();
      const others = book.all().filter((other) => statusOf(other, nowMs) !== 'ended').length;
      if (others >= SILENCES_MAX) {
        throw new AppError(
          'silence_limit',
          `found ${others} silences of ${pipeline} that are not over; expected fewer than ${SILENCES_MAX}. End some, or ask for wider ones.`,
        );
      }
      return write(silence);
    },
    async end(id) {
      await tail.catchUp();
      const found = book.get(id.toLowerCase());
      if (!found) {
        const current = book.all().filter((other) => statusOf(other, clock.now()) !== 'ended');
        const known =
          current.length === 0
            ? 'none is under way'
            : `under way: ${current
                .slice(0, 5)
                .map((other) => other.id)
                .join(', ')}`;
        throw new AppError('silence_unknown', `no silence ${JSON.stringify(id.slice(0, 100))} in ${pipeline}; ${known}`);
      }
      const nowMs = clock.now();
      return statusOf(found, nowMs) === 'ended' ? found : write({ ...found, ended_at: new Date(nowMs).toISOString() });
    },
  };
}
